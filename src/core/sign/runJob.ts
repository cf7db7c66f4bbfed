import { never } from '../base/failure.ts'
import { runJoinJob, runPrefixJob } from './joinJob.ts'
import { runRowsJob } from './rowsJob.ts'
import type { Done, Job } from './threads.ts'

/** Does a job, on whichever thread. */
export function runJob(job: Job): Done<Job> {
  switch (job.kind) {
    case 'rows':
      return runRowsJob(job)
    case 'prefix':
      return runPrefixJob(job)
    case 'join':
      return runJoinJob(job)
    default:
      return never(job)
  }
}

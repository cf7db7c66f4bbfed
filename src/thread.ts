import { serveJobs } from './node/threads.ts'

// A thread of a program that checks: it signs and joins rows for it.
serveJobs()

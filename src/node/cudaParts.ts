/*
 * What training with CUDA takes beside the driver, and where it is published. The Python packages of ONNX Runtime and NVIDIA carry the
 * libraries; their index publishes a SHA-256 for each, which stands here. Whoever changes the version of onnxruntime-node renews the first
 * from the package of the same version, and the others as that one's extras `cuda` and `cudnn` resolve (test/node/cuda.test.ts holds the version).
 */

/** One archive, pinned: these very bytes or none. */
export interface CudaArchive {
  /** What people call it: `cuBLAS 13.10`. */
  readonly name: string
  /** Under the address of the index's files. */
  readonly path: string
  readonly bytes: number
  readonly sha256: string
  readonly licence: string
  /** Beside ONNX Runtime, or where the loader looks for what it needs. */
  readonly into: 'runtime' | 'libraries'
  /** Files to unpack, and bytes each of them has. */
  readonly files: readonly { readonly from: string; readonly to: string; readonly bytes: number }[]
  /** The licence's own text in the archive. */
  readonly terms: readonly string[]
}

export interface CudaParts {
  /** The version of ONNX Runtime that they fit. */
  readonly runtime: string
  /** CUDA's own version, and the oldest driver that it runs on. */
  readonly cuda: number
  readonly driver: number
  readonly archives: readonly CudaArchive[]
}

const nvidia = 'NVIDIA CUDA End User License Agreement'
const cu13 = 'nvidia/cu13/lib'
const library = (folder: string, to: string, bytes: number) => ({ from: `${folder}/${to}`, to, bytes })

export const cudaParts: CudaParts = {
  runtime: '1.30.0',
  cuda: 13,
  driver: 580,
  archives: [
    {
      name: 'ONNX Runtime 1.30.0 for CUDA 13',
      path: '9e/80/d96143329dbe925d434b016c890a5caa785fac8e14a1570e5d6818b63545/onnxruntime_gpu-1.30.0-cp312-cp312-manylinux_2_28_x86_64.whl',
      bytes: 246_685_715,
      sha256: '6acc0f4b3d5ac5f2984432faa59dd8fcce6775f8b43a7140afa0f322c7a703b1',
      licence: 'MIT',
      into: 'runtime',
      // The library that opens the provider comes with it: both were built together.
      files: [
        { from: 'onnxruntime/capi/libonnxruntime.so.1.30.0', to: 'libonnxruntime.so.1', bytes: 29_062_976 },
        library('onnxruntime/capi', 'libonnxruntime_providers_shared.so', 14_632),
        library('onnxruntime/capi', 'libonnxruntime_providers_cuda.so', 272_049_904),
      ],
      terms: ['onnxruntime/LICENSE', 'onnxruntime/ThirdPartyNotices.txt'],
    },
    {
      name: 'CUDA 13.5 runtime',
      path: '0b/7c/14b8f5518f8951e9dca57ea80f44f8ea8bcc8671812e6cc38009f3205e57/nvidia_cuda_runtime-13.5.37-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
      bytes: 2_504_024,
      sha256: 'df2b79a8852f10d1fef8c848489c49eebb5754051bf870202a862831412b179d',
      licence: nvidia,
      into: 'libraries',
      files: [library(cu13, 'libcudart.so.13', 806_720)],
      terms: ['nvidia_cuda_runtime-13.5.37.dist-info/licenses/License.txt'],
    },
    {
      name: 'cuRAND 10.4',
      path: '12/63/636e5dc9afb2959bfc0042a357d5567358df829b66c96d9fc36d77dc0596/nvidia_curand-10.4.5.25-py3-none-manylinux_2_27_x86_64.whl',
      bytes: 77_113_015,
      sha256: '22bb226a857e5888fe6b54ae465fc4371296bcff13a35f79e19691bcf454f529',
      licence: nvidia,
      into: 'libraries',
      files: [library(cu13, 'libcurand.so.10', 104_860_296)],
      terms: ['nvidia_curand-10.4.5.25.dist-info/licenses/License.txt'],
    },
    {
      name: 'NVRTC 13.5',
      path: 'a9/54/db4e7f650746265f61c05cf1f8f556dd8c6739b58c823fbc9a7d6fda3247/nvidia_cuda_nvrtc-13.5.37-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl',
      bytes: 58_185_930,
      sha256: '86b4d68058807988b7d9af5b44917a0601e9c337f35ccd657bfb3c759ff8d8bc',
      licence: nvidia,
      into: 'libraries',
      files: [library(cu13, 'libnvrtc.so.13', 141_163_664), library(cu13, 'libnvrtc-builtins.so.13.5', 7_268_296)],
      terms: ['nvidia_cuda_nvrtc-13.5.37.dist-info/licenses/License.txt'],
    },
    {
      name: 'cuBLAS 13.10',
      path: 'b4/12/16628161ed8c109c8c73b38167df50cbc630a8a6e6548e2534d461526c3c/nvidia_cublas-13.10.0.20-py3-none-manylinux1_x86_64.manylinux_2_5_x86_64.whl',
      bytes: 444_289_903,
      sha256: 'dcc6d63884c53d07e267ce7e6feac17b2538cebaafec5db865736c3e28e4dc84',
      licence: nvidia,
      into: 'libraries',
      files: [library(cu13, 'libcublas.so.13', 57_282_152), library(cu13, 'libcublasLt.so.13', 551_653_208)],
      terms: ['nvidia_cublas-13.10.0.20.dist-info/licenses/License.txt'],
    },
    {
      name: 'cuDNN 9.28 for CUDA 13',
      path: 'a1/80/d2cd3c17a05e32d616587bfe1d713586a1a1387b58430ea54c7966b954c6/nvidia_cudnn_cu13-9.28.0.42-py3-none-manylinux_2_27_x86_64.whl',
      bytes: 516_782_127,
      sha256: '7358353c75bb121a58e5f7712fe6d588883dc1df8ba00f428237e44e97543c4d',
      licence: 'NVIDIA Software Development Kits License Agreement',
      into: 'libraries',
      files: [
        library('nvidia/cudnn/lib', 'libcudnn.so.9', 137_432),
        library('nvidia/cudnn/lib', 'libcudnn_adv.so.9', 92_392_360),
        library('nvidia/cudnn/lib', 'libcudnn_cnn.so.9', 4_204_144),
        library('nvidia/cudnn/lib', 'libcudnn_engines_precompiled.so.9', 260_072_128),
        library('nvidia/cudnn/lib', 'libcudnn_engines_runtime_compiled.so.9', 41_978_752),
        library('nvidia/cudnn/lib', 'libcudnn_engines_tensor_ir.so.9', 249_581_552),
        library('nvidia/cudnn/lib', 'libcudnn_ext.so.9', 10_492_592),
        library('nvidia/cudnn/lib', 'libcudnn_graph.so.9', 149_118_552),
        library('nvidia/cudnn/lib', 'libcudnn_heuristic.so.9', 96_473_968),
        library('nvidia/cudnn/lib', 'libcudnn_ops.so.9', 35_661_648),
      ],
      terms: ['nvidia_cudnn_cu13-9.28.0.42.dist-info/licenses/License.txt'],
    },
  ],
}

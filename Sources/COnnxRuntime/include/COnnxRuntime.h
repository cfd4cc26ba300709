// ONNX Runtime's binary interface, as much of it as edgepipe calls.
//
// The library has one entry point, OrtGetApiBase; everything else is a table of function pointers whose order never
// changes (a newer library only appends). The members below lie at their slots, unused slots between them are padding,
// and the assertions at the end check every position.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// The interface version to ask for: every slot below exists since then.
enum { EPOrtInterfaceVersion = 13 };

typedef struct OrtStatus OrtStatus;
typedef struct OrtEnv OrtEnv;
typedef struct OrtSession OrtSession;
typedef struct OrtSessionOptions OrtSessionOptions;
typedef struct OrtRunOptions OrtRunOptions;
typedef struct OrtValue OrtValue;
typedef struct OrtMemoryInfo OrtMemoryInfo;
typedef struct OrtAllocator OrtAllocator;
typedef struct OrtArenaCfg OrtArenaCfg;
typedef struct OrtTypeInfo OrtTypeInfo;
typedef struct OrtTensorTypeAndShapeInfo OrtTensorTypeAndShapeInfo;
typedef struct OrtCustomOpDomain OrtCustomOpDomain;
typedef struct OrtCustomOp OrtCustomOp;
typedef struct OrtKernelInfo OrtKernelInfo;
typedef struct OrtKernelContext OrtKernelContext;

/// Slot N lies at byte N * sizeof(void *). Functions that return a status return NULL for success.
typedef struct OrtApi {
  OrtStatus *_Nullable (*_Nonnull CreateStatus)(int32_t code, const char *_Nonnull message);
  int32_t (*_Nonnull GetErrorCode)(const OrtStatus *_Nonnull status);
  const char *_Nonnull (*_Nonnull GetErrorMessage)(const OrtStatus *_Nonnull status);
  OrtStatus *_Nullable (*_Nonnull CreateEnv)(
      int32_t log_severity, const char *_Nonnull log_id, OrtEnv *_Nullable *_Nonnull out);
  const void *_Nullable unused_4[4];
  OrtStatus *_Nullable (*_Nonnull CreateSessionFromArray)(
      const OrtEnv *_Nonnull env, const void *_Nonnull model, size_t byte_count, const OrtSessionOptions
      *_Nonnull options, OrtSession *_Nullable *_Nonnull out);
  OrtStatus *_Nullable (*_Nonnull Run)(
      OrtSession *_Nonnull session, const OrtRunOptions *_Nullable run_options, const char *_Nullable const
      *_Nonnull input_names, const OrtValue *_Nullable const *_Nonnull inputs, size_t input_count, const char
      *_Nullable const *_Nonnull output_names, size_t output_count, OrtValue *_Nullable *_Nonnull outputs);
  OrtStatus *_Nullable (*_Nonnull CreateSessionOptions)(OrtSessionOptions *_Nullable *_Nonnull out);
  const void *_Nullable unused_11[2];
  OrtStatus *_Nullable (*_Nonnull SetSessionExecutionMode)(OrtSessionOptions *_Nonnull options, int32_t mode);
  const void *_Nullable unused_14[9];
  OrtStatus *_Nullable (*_Nonnull SetSessionGraphOptimizationLevel)(OrtSessionOptions *_Nonnull options, int32_t level);
  OrtStatus *_Nullable (*_Nonnull SetIntraOpNumThreads)(OrtSessionOptions *_Nonnull options, int32_t threads);
  OrtStatus *_Nullable (*_Nonnull SetInterOpNumThreads)(OrtSessionOptions *_Nonnull options, int32_t threads);
  OrtStatus *_Nullable (*_Nonnull CreateCustomOpDomain)(
      const char *_Nonnull name, OrtCustomOpDomain *_Nullable *_Nonnull out);
  /// The operator must outlive the domain.
  OrtStatus *_Nullable (*_Nonnull CustomOpDomain_Add)(
      OrtCustomOpDomain *_Nonnull domain, const OrtCustomOp *_Nonnull op);
  /// The domain must outlive the sessions made with these options.
  OrtStatus *_Nullable (*_Nonnull AddCustomOpDomain)(
      OrtSessionOptions *_Nonnull options, OrtCustomOpDomain *_Nonnull domain);
  const void *_Nullable unused_29[1];
  OrtStatus *_Nullable (*_Nonnull SessionGetInputCount)(const OrtSession *_Nonnull session, size_t *_Nonnull out);
  OrtStatus *_Nullable (*_Nonnull SessionGetOutputCount)(const OrtSession *_Nonnull session, size_t *_Nonnull out);
  const void *_Nullable unused_32[1];
  OrtStatus *_Nullable (*_Nonnull SessionGetInputTypeInfo)(
      const OrtSession *_Nonnull session, size_t index, OrtTypeInfo *_Nullable *_Nonnull out);
  OrtStatus *_Nullable (*_Nonnull SessionGetOutputTypeInfo)(
      const OrtSession *_Nonnull session, size_t index, OrtTypeInfo *_Nullable *_Nonnull out);
  const void *_Nullable unused_35[1];
  OrtStatus *_Nullable (*_Nonnull SessionGetInputName)(
      const OrtSession *_Nonnull session, size_t index, OrtAllocator *_Nonnull allocator, char *_Nullable
      *_Nonnull out);
  OrtStatus *_Nullable (*_Nonnull SessionGetOutputName)(
      const OrtSession *_Nonnull session, size_t index, OrtAllocator *_Nonnull allocator, char *_Nullable
      *_Nonnull out);
  const void *_Nullable unused_38[1];
  OrtStatus *_Nullable (*_Nonnull CreateRunOptions)(OrtRunOptions *_Nullable *_Nonnull out);
  const void *_Nullable unused_40[6];
  /// Ends the runs that were given these options, at their next node; any thread may call it.
  OrtStatus *_Nullable (*_Nonnull RunOptionsSetTerminate)(OrtRunOptions *_Nonnull options);
  OrtStatus *_Nullable (*_Nonnull RunOptionsUnsetTerminate)(OrtRunOptions *_Nonnull options);
  const void *_Nullable unused_48[1];
  OrtStatus *_Nullable (*_Nonnull CreateTensorWithDataAsOrtValue)(
      const OrtMemoryInfo *_Nonnull memory, void *_Nonnull data, size_t byte_count, const int64_t *_Nonnull
      shape, size_t rank, int32_t element, OrtValue *_Nullable *_Nonnull out);
  const void *_Nullable unused_50[1];
  OrtStatus *_Nullable (*_Nonnull GetTensorMutableData)(OrtValue *_Nonnull value, void *_Nullable *_Nonnull out);
  const void *_Nullable unused_52[3];
  OrtStatus *_Nullable (*_Nonnull CastTypeInfoToTensorInfo)(
      const OrtTypeInfo *_Nonnull type, const OrtTensorTypeAndShapeInfo *_Nullable *_Nonnull out);
  const void *_Nullable unused_56[4];
  OrtStatus *_Nullable (*_Nonnull GetTensorElementType)(
      const OrtTensorTypeAndShapeInfo *_Nonnull info, int32_t *_Nonnull out);
  OrtStatus *_Nullable (*_Nonnull GetDimensionsCount)(
      const OrtTensorTypeAndShapeInfo *_Nonnull info, size_t *_Nonnull out);
  OrtStatus *_Nullable (*_Nonnull GetDimensions)(
      const OrtTensorTypeAndShapeInfo *_Nonnull info, int64_t *_Nonnull out, size_t count);
  const void *_Nullable unused_63[2];
  OrtStatus *_Nullable (*_Nonnull GetTensorTypeAndShape)(
      const OrtValue *_Nonnull value, OrtTensorTypeAndShapeInfo *_Nullable *_Nonnull out);
  const void *_Nullable unused_66[3];
  OrtStatus *_Nullable (*_Nonnull CreateCpuMemoryInfo)(
      int32_t allocator_type, int32_t memory_type, OrtMemoryInfo *_Nullable *_Nonnull out);
  const void *_Nullable unused_70[6];
  OrtStatus *_Nullable (*_Nonnull AllocatorFree)(OrtAllocator *_Nonnull allocator, void *_Nonnull memory);
  const void *_Nullable unused_77[1];
  OrtStatus *_Nullable (*_Nonnull GetAllocatorWithDefaultOptions)(OrtAllocator *_Nullable *_Nonnull out);
  const void *_Nullable unused_79[6];
  OrtStatus *_Nullable (*_Nonnull KernelInfoGetAttribute_float)(
      const OrtKernelInfo *_Nonnull info, const char *_Nonnull name, float *_Nonnull out);
  OrtStatus *_Nullable (*_Nonnull KernelInfoGetAttribute_int64)(
      const OrtKernelInfo *_Nonnull info, const char *_Nonnull name, int64_t *_Nonnull out);
  /// `size` counts the terminating zero; a null `out` asks for it.
  OrtStatus *_Nullable (*_Nonnull KernelInfoGetAttribute_string)(
      const OrtKernelInfo *_Nonnull info, const char *_Nonnull name, char *_Nullable out, size_t *_Nonnull size);
  const void *_Nullable unused_88[2];
  OrtStatus *_Nullable (*_Nonnull KernelContext_GetInput)(
      const OrtKernelContext *_Nonnull context, size_t index, const OrtValue *_Nullable *_Nonnull out);
  OrtStatus *_Nullable (*_Nonnull KernelContext_GetOutput)(
      OrtKernelContext *_Nonnull context, size_t index, const int64_t *_Nonnull shape, size_t rank, OrtValue *_Nullable
      *_Nonnull out);
  void (*_Nonnull ReleaseEnv)(OrtEnv *_Nullable env);
  void (*_Nonnull ReleaseStatus)(OrtStatus *_Nullable status);
  void (*_Nonnull ReleaseMemoryInfo)(OrtMemoryInfo *_Nullable memory);
  void (*_Nonnull ReleaseSession)(OrtSession *_Nullable session);
  void (*_Nonnull ReleaseValue)(OrtValue *_Nullable value);
  void (*_Nonnull ReleaseRunOptions)(OrtRunOptions *_Nullable options);
  void (*_Nonnull ReleaseTypeInfo)(OrtTypeInfo *_Nullable type);
  void (*_Nonnull ReleaseTensorTypeAndShapeInfo)(OrtTensorTypeAndShapeInfo *_Nullable info);
  void (*_Nonnull ReleaseSessionOptions)(OrtSessionOptions *_Nullable options);
  void (*_Nonnull ReleaseCustomOpDomain)(OrtCustomOpDomain *_Nullable domain);
  const void *_Nullable unused_102[23];
  OrtStatus *_Nullable (*_Nonnull GetAvailableProviders)(
      char *_Nullable *_Nullable *_Nonnull out, int *_Nonnull count);
  OrtStatus *_Nullable (*_Nonnull ReleaseAvailableProviders)(char *_Nullable *_Nonnull names, int count);
  const void *_Nullable unused_127[3];
  OrtStatus *_Nullable (*_Nonnull AddSessionConfigEntry)(
      OrtSessionOptions *_Nonnull options, const char *_Nonnull key, const char *_Nonnull value);
  const void *_Nullable unused_131[13];
  OrtStatus *_Nullable (*_Nonnull CreateAndRegisterAllocator)(
      OrtEnv *_Nonnull env, const OrtMemoryInfo *_Nonnull memory, const OrtArenaCfg *_Nullable arena);
  const void *_Nullable unused_145[11];
  OrtStatus *_Nullable (*_Nonnull CreateArenaCfg)(
      size_t limit, int extend_strategy, int first_bytes, int dead_bytes, OrtArenaCfg *_Nullable *_Nonnull out);
  void (*_Nonnull ReleaseArenaCfg)(OrtArenaCfg *_Nullable arena);
  const void *_Nullable unused_158[4];
  /// A null `out` asks for the size, in elements; so does the next.
  OrtStatus *_Nullable (*_Nonnull KernelInfoGetAttributeArray_float)(
      const OrtKernelInfo *_Nonnull info, const char *_Nonnull name, float *_Nullable out, size_t *_Nonnull size);
  OrtStatus *_Nullable (*_Nonnull KernelInfoGetAttributeArray_int64)(
      const OrtKernelInfo *_Nonnull info, const char *_Nonnull name, int64_t *_Nullable out, size_t *_Nonnull size);
} OrtApi;

/// The interface version whose OrtCustomOp is declared here. The library reads no members that came later when the
/// struct says this version, and hands errors of kernels on; older libraries are refused.
enum { EPOrtOperatorVersion = 18 };

/// An operator made by this program. Every member is called with the struct itself, so what follows it in memory,
/// the context below, tells one operator from another.
struct OrtCustomOp {
  uint32_t version;
  /// The three members that a null stands for are never called: the second versions below take their place.
  const void *_Nullable CreateKernel;
  const char *_Nonnull (*_Nonnull GetName)(const OrtCustomOp *_Nonnull op);
  /// NULL for the CPU.
  const char *_Nullable (*_Nonnull GetExecutionProviderType)(const OrtCustomOp *_Nonnull op);
  int32_t (*_Nonnull GetInputType)(const OrtCustomOp *_Nonnull op, size_t index);
  size_t (*_Nonnull GetInputTypeCount)(const OrtCustomOp *_Nonnull op);
  int32_t (*_Nonnull GetOutputType)(const OrtCustomOp *_Nonnull op, size_t index);
  size_t (*_Nonnull GetOutputTypeCount)(const OrtCustomOp *_Nonnull op);
  const void *_Nullable KernelCompute;
  void (*_Nonnull KernelDestroy)(void *_Nonnull kernel);
  int32_t (*_Nonnull GetInputCharacteristic)(const OrtCustomOp *_Nonnull op, size_t index);
  int32_t (*_Nonnull GetOutputCharacteristic)(const OrtCustomOp *_Nonnull op, size_t index);
  int32_t (*_Nonnull GetInputMemoryType)(const OrtCustomOp *_Nonnull op, size_t index);
  int32_t (*_Nonnull GetVariadicInputMinArity)(const OrtCustomOp *_Nonnull op);
  int32_t (*_Nonnull GetVariadicInputHomogeneity)(const OrtCustomOp *_Nonnull op);
  int32_t (*_Nonnull GetVariadicOutputMinArity)(const OrtCustomOp *_Nonnull op);
  int32_t (*_Nonnull GetVariadicOutputHomogeneity)(const OrtCustomOp *_Nonnull op);
  OrtStatus *_Nullable (*_Nonnull CreateKernelV2)(
      const OrtCustomOp *_Nonnull op, const OrtApi *_Nonnull api, const OrtKernelInfo *_Nonnull info, void *_Nullable
      *_Nonnull kernel);
  OrtStatus *_Nullable (*_Nonnull KernelComputeV2)(void *_Nonnull kernel, OrtKernelContext *_Nonnull context);
  const void *_Nullable InferOutputShapeFn;
  int32_t (*_Nonnull GetStartVersion)(const OrtCustomOp *_Nonnull op);
  int32_t (*_Nonnull GetEndVersion)(const OrtCustomOp *_Nonnull op);
  /// Pairs of an input and an output that may share memory; both lists are given back to the next member.
  size_t (*_Nullable GetMayInplace)(int32_t *_Nullable *_Nonnull inputs, int32_t *_Nullable *_Nonnull outputs);
  void (*_Nullable ReleaseMayInplace)(int32_t *_Nullable inputs, int32_t *_Nullable outputs);
  const void *_Nullable GetAliasMap;
  const void *_Nullable ReleaseAliasMap;
};

/// An operator and what belongs to it.
typedef struct EPOperator {
  OrtCustomOp op;
  void *_Nonnull context;
} EPOperator;

typedef struct OrtApiBase {
  /// NULL when the library is older than `version`.
  const OrtApi *_Nullable (*_Nonnull GetApi)(uint32_t version);
  const char *_Nonnull (*_Nonnull GetVersionString)(void);
} OrtApiBase;

/// The type of the entry point `OrtGetApiBase`.
typedef const OrtApiBase *_Nullable (*OrtGetApiBaseFunction)(void);

#define EP_ORT_AT(member, slot) _Static_assert(offsetof(OrtApi, member) == (slot) * sizeof(void *), #member)
EP_ORT_AT(CreateStatus, 0);
EP_ORT_AT(GetErrorCode, 1);
EP_ORT_AT(GetErrorMessage, 2);
EP_ORT_AT(CreateEnv, 3);
EP_ORT_AT(CreateSessionFromArray, 8);
EP_ORT_AT(Run, 9);
EP_ORT_AT(CreateSessionOptions, 10);
EP_ORT_AT(SetSessionExecutionMode, 13);
EP_ORT_AT(SetSessionGraphOptimizationLevel, 23);
EP_ORT_AT(SetIntraOpNumThreads, 24);
EP_ORT_AT(SetInterOpNumThreads, 25);
EP_ORT_AT(CreateCustomOpDomain, 26);
EP_ORT_AT(CustomOpDomain_Add, 27);
EP_ORT_AT(AddCustomOpDomain, 28);
EP_ORT_AT(SessionGetInputCount, 30);
EP_ORT_AT(SessionGetOutputCount, 31);
EP_ORT_AT(SessionGetInputTypeInfo, 33);
EP_ORT_AT(SessionGetOutputTypeInfo, 34);
EP_ORT_AT(SessionGetInputName, 36);
EP_ORT_AT(SessionGetOutputName, 37);
EP_ORT_AT(CreateRunOptions, 39);
EP_ORT_AT(RunOptionsSetTerminate, 46);
EP_ORT_AT(RunOptionsUnsetTerminate, 47);
EP_ORT_AT(CreateTensorWithDataAsOrtValue, 49);
EP_ORT_AT(GetTensorMutableData, 51);
EP_ORT_AT(CastTypeInfoToTensorInfo, 55);
EP_ORT_AT(GetTensorElementType, 60);
EP_ORT_AT(GetDimensionsCount, 61);
EP_ORT_AT(GetDimensions, 62);
EP_ORT_AT(GetTensorTypeAndShape, 65);
EP_ORT_AT(CreateCpuMemoryInfo, 69);
EP_ORT_AT(AllocatorFree, 76);
EP_ORT_AT(GetAllocatorWithDefaultOptions, 78);
EP_ORT_AT(KernelInfoGetAttribute_float, 85);
EP_ORT_AT(KernelInfoGetAttribute_int64, 86);
EP_ORT_AT(KernelInfoGetAttribute_string, 87);
EP_ORT_AT(KernelContext_GetInput, 90);
EP_ORT_AT(KernelContext_GetOutput, 91);
EP_ORT_AT(ReleaseEnv, 92);
EP_ORT_AT(ReleaseStatus, 93);
EP_ORT_AT(ReleaseMemoryInfo, 94);
EP_ORT_AT(ReleaseSession, 95);
EP_ORT_AT(ReleaseValue, 96);
EP_ORT_AT(ReleaseRunOptions, 97);
EP_ORT_AT(ReleaseTypeInfo, 98);
EP_ORT_AT(ReleaseTensorTypeAndShapeInfo, 99);
EP_ORT_AT(ReleaseSessionOptions, 100);
EP_ORT_AT(ReleaseCustomOpDomain, 101);
EP_ORT_AT(GetAvailableProviders, 125);
EP_ORT_AT(ReleaseAvailableProviders, 126);
EP_ORT_AT(AddSessionConfigEntry, 130);
EP_ORT_AT(CreateAndRegisterAllocator, 144);
EP_ORT_AT(CreateArenaCfg, 156);
EP_ORT_AT(ReleaseArenaCfg, 157);
EP_ORT_AT(KernelInfoGetAttributeArray_float, 162);
EP_ORT_AT(KernelInfoGetAttributeArray_int64, 163);

_Static_assert(offsetof(OrtCustomOp, GetInputMemoryType) == 12 * sizeof(void *), "as at version 13");
_Static_assert(offsetof(OrtCustomOp, KernelComputeV2) == 18 * sizeof(void *), "as at version 16");
_Static_assert(sizeof(OrtCustomOp) == 26 * sizeof(void *), "as at version 18");

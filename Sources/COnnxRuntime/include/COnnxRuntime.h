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
typedef struct OrtTypeInfo OrtTypeInfo;
typedef struct OrtTensorTypeAndShapeInfo OrtTensorTypeAndShapeInfo;

/// Slot N lies at byte N * sizeof(void *). Functions that return a status return NULL for success.
typedef struct OrtApi {
  const void *_Nullable unused_0[1];
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
  const void *_Nullable unused_26[4];
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
  const void *_Nullable unused_38[11];
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
  const void *_Nullable unused_79[13];
  void (*_Nonnull ReleaseEnv)(OrtEnv *_Nullable env);
  void (*_Nonnull ReleaseStatus)(OrtStatus *_Nullable status);
  void (*_Nonnull ReleaseMemoryInfo)(OrtMemoryInfo *_Nullable memory);
  void (*_Nonnull ReleaseSession)(OrtSession *_Nullable session);
  void (*_Nonnull ReleaseValue)(OrtValue *_Nullable value);
  const void *_Nullable unused_97[1];
  void (*_Nonnull ReleaseTypeInfo)(OrtTypeInfo *_Nullable type);
  void (*_Nonnull ReleaseTensorTypeAndShapeInfo)(OrtTensorTypeAndShapeInfo *_Nullable info);
  void (*_Nonnull ReleaseSessionOptions)(OrtSessionOptions *_Nullable options);
  const void *_Nullable unused_101[24];
  OrtStatus *_Nullable (*_Nonnull GetAvailableProviders)(
      char *_Nullable *_Nullable *_Nonnull out, int *_Nonnull count);
  OrtStatus *_Nullable (*_Nonnull ReleaseAvailableProviders)(char *_Nullable *_Nonnull names, int count);
  const void *_Nullable unused_127[3];
  OrtStatus *_Nullable (*_Nonnull AddSessionConfigEntry)(
      OrtSessionOptions *_Nonnull options, const char *_Nonnull key, const char *_Nonnull value);
} OrtApi;

typedef struct OrtApiBase {
  /// NULL when the library is older than `version`.
  const OrtApi *_Nullable (*_Nonnull GetApi)(uint32_t version);
  const char *_Nonnull (*_Nonnull GetVersionString)(void);
} OrtApiBase;

/// The type of the entry point `OrtGetApiBase`.
typedef const OrtApiBase *_Nullable (*OrtGetApiBaseFunction)(void);

#define EP_ORT_AT(member, slot) _Static_assert(offsetof(OrtApi, member) == (slot) * sizeof(void *), #member)
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
EP_ORT_AT(SessionGetInputCount, 30);
EP_ORT_AT(SessionGetOutputCount, 31);
EP_ORT_AT(SessionGetInputTypeInfo, 33);
EP_ORT_AT(SessionGetOutputTypeInfo, 34);
EP_ORT_AT(SessionGetInputName, 36);
EP_ORT_AT(SessionGetOutputName, 37);
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
EP_ORT_AT(ReleaseEnv, 92);
EP_ORT_AT(ReleaseStatus, 93);
EP_ORT_AT(ReleaseMemoryInfo, 94);
EP_ORT_AT(ReleaseSession, 95);
EP_ORT_AT(ReleaseValue, 96);
EP_ORT_AT(ReleaseTypeInfo, 98);
EP_ORT_AT(ReleaseTensorTypeAndShapeInfo, 99);
EP_ORT_AT(ReleaseSessionOptions, 100);
EP_ORT_AT(GetAvailableProviders, 125);
EP_ORT_AT(ReleaseAvailableProviders, 126);
EP_ORT_AT(AddSessionConfigEntry, 130);

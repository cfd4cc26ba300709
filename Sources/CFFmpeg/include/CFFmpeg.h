// What Swift cannot import from FFmpeg's headers: macros with casts, error codes, and calls with variable arguments.
// One-line shims only; all logic is in Swift.
#pragma once
#include "../../CFFmpegLibraries/ffmpeg.h"

static inline int64_t ep_nopts(void) { return AV_NOPTS_VALUE; }
static inline int ep_error_eof(void) { return AVERROR_EOF; }
static inline int ep_error_again(void) { return AVERROR(EAGAIN); }
static inline int ep_error_invalid_data(void) { return AVERROR_INVALIDDATA; }
static inline int ep_error_from_errno(int code) { return AVERROR(code); }
static inline AVRational ep_time_base(void) { return AV_TIME_BASE_Q; }

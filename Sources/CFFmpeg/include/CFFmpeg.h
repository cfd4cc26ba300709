// What Swift cannot import from FFmpeg's headers: macros with casts, error codes, and calls with variable arguments.
// One-line shims only; all logic is in Swift.
#pragma once
#include "../../CFFmpegLibraries/ffmpeg.h"

static inline int64_t ep_nopts(void) { return AV_NOPTS_VALUE; }
static inline int ep_error_eof(void) { return AVERROR_EOF; }
static inline int ep_error_again(void) { return AVERROR(EAGAIN); }
static inline int ep_error_exit(void) { return AVERROR_EXIT; }
static inline int ep_error_invalid_data(void) { return AVERROR_INVALIDDATA; }
static inline int ep_error_unauthorized(void) { return AVERROR_HTTP_UNAUTHORIZED; }
static inline int ep_error_forbidden(void) { return AVERROR_HTTP_FORBIDDEN; }
static inline int ep_error_no_protocol(void) { return AVERROR_PROTOCOL_NOT_FOUND; }
static inline int ep_error_no_demuxer(void) { return AVERROR_DEMUXER_NOT_FOUND; }
static inline int ep_error_no_option(void) { return AVERROR_OPTION_NOT_FOUND; }
static inline int ep_error_from_errno(int code) { return AVERROR(code); }
static inline AVRational ep_time_base(void) { return AV_TIME_BASE_Q; }
/// Area scaling, rounded exactly. The flags are macros up to FFmpeg 7 and an enumeration afterwards.
/// The colour of RGB is read from every pixel: swscale would otherwise take pairs of pixels where it scales to half the
/// width or less, which is slower, and the last pair of an odd width ends in the undefined memory behind the row.
static inline int ep_sws_area_flags(void) { return SWS_AREA | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP; }
/// Conversion that interpolates the colour planes at full resolution.
static inline int ep_sws_full_color_flags(void) { return SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT; }
/// Scales all of `source` into the memory of `target`; Swift cannot pass a frame's plane arrays.
static inline int ep_sws_scale(struct SwsContext *c, const AVFrame *source, AVFrame *target) {
  return sws_scale(c, (const uint8_t *const *)source->data, source->linesize, 0, source->height, target->data, target->linesize);
}
/// The stream's display matrix, or null: moved from the stream to its codec parameters in FFmpeg 6.1.
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 30, 101)
static inline const int32_t *ep_display_matrix(const AVStream *stream) {
  const AVPacketSideData *data = av_packet_side_data_get(stream->codecpar->coded_side_data, stream->codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
  return data && data->size >= 9 * sizeof(int32_t) ? (const int32_t *)data->data : 0;
}
#else
static inline const int32_t *ep_display_matrix(const AVStream *stream) {
  size_t size = 0; const uint8_t *data = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  return data && size >= 9 * sizeof(int32_t) ? (const int32_t *)data : 0;
}
#endif
/// The frame's display matrix (from the coded pictures themselves or EXIF), or null.
static inline const int32_t *ep_frame_display_matrix(const AVFrame *frame) {
  const AVFrameSideData *data = av_frame_get_side_data(frame, AV_FRAME_DATA_DISPLAYMATRIX);
  return data && data->size >= 9 * sizeof(int32_t) ? (const int32_t *)data->data : 0;
}
/// What FFmpeg has logged as lost on the calling thread.
struct ep_losses {
  /// RTP packets that never came.
  int packets;
  /// RTP packets that came twice and were both taken.
  int repeated;
  /// Pictures that others refer to and that never came.
  int references;
  /// Pictures whose file was at its end before all rows had come.
  int rows;
  /// Of a picture that was refused for its size, or 0.
  unsigned width, height;
};
/// From now on FFmpeg's messages are kept where they tell of a loss or of a server's answer, and go nowhere else.
void ep_watch_log(void);
/// The calling thread's losses since the last call.
struct ep_losses ep_take_losses(void);
/// What FFmpeg has logged of servers' answers on the calling thread since the last call, a message a line; returns the
/// number of bytes.
size_t ep_take_notes(char *text, size_t size);
/// Whether packets of this format come without times, which the reader then makes up from a rate: raw video, Motion JPEG
/// in parts, pictures in a row. Cameras' own formats know when a picture was taken.
static inline int ep_invents_times(const AVInputFormat *format) {
  const AVClass *options = format->priv_class;
  if (format->flags & AVFMT_NOTIMESTAMPS) return 1;
  return options && !AV_IS_INPUT_DEVICE(options->category) && av_opt_find((void *)&options, "framerate", 0, 0, AV_OPT_SEARCH_FAKE_OBJ) != 0;
}
/// Whether the options of a demuxer, such as `rtsp`, include this one.
static inline int ep_demuxer_has_option(const char *demuxer, const char *option) {
  const AVInputFormat *format = av_find_input_format(demuxer);
  return format && format->priv_class && av_opt_find((void *)&format->priv_class, option, 0, 0, AV_OPT_SEARCH_FAKE_OBJ) != 0;
}
/// How many channels of sound a track has: another field since FFmpeg 5.1.
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(59, 24, 100)
static inline int ep_channels(const AVCodecParameters *parameters) { return parameters->ch_layout.nb_channels; }
static inline void ep_set_channels(AVCodecContext *context, int count) { av_channel_layout_default(&context->ch_layout, count); }
static inline int ep_set_frame_channels(AVFrame *frame, const AVCodecContext *context) { return av_channel_layout_copy(&frame->ch_layout, &context->ch_layout); }
#else
static inline int ep_channels(const AVCodecParameters *parameters) { return parameters->channels; }
static inline void ep_set_channels(AVCodecContext *context, int count) { context->channels = count; context->channel_layout = av_get_default_channel_layout(count); }
static inline int ep_set_frame_channels(AVFrame *frame, const AVCodecContext *context) { frame->channels = context->channels; frame->channel_layout = context->channel_layout; return 0; }
#endif
/// Gives a stream of a file that is written a display matrix: moved like that of one that is read.
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 30, 101)
static inline uint8_t *ep_new_display_matrix(AVStream *stream) {
  AVPacketSideData *data = av_packet_side_data_new(&stream->codecpar->coded_side_data, &stream->codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX, 9 * sizeof(int32_t), 0);
  return data ? data->data : 0;
}
#else
static inline uint8_t *ep_new_display_matrix(AVStream *stream) { return av_stream_new_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, 9 * sizeof(int32_t)); }
#endif
/// Output through a function of ours; what it takes is constant since FFmpeg 7.
#if LIBAVFORMAT_VERSION_MAJOR >= 61
static inline AVIOContext *ep_avio_output(uint8_t *buffer, int size, void *opaque, int (*write)(void *, const uint8_t *, int)) { return avio_alloc_context(buffer, size, 1, opaque, 0, write, 0); }
#else
static inline AVIOContext *ep_avio_output(uint8_t *buffer, int size, void *opaque, int (*write)(void *, const uint8_t *, int)) { return avio_alloc_context(buffer, size, 1, opaque, 0, (int (*)(void *, uint8_t *, int))write, 0); }
#endif

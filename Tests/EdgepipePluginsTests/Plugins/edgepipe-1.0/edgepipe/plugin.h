/*
 * edgepipe/plugin.h: the interface of plugins, version 1.0. C11 and C++11; nothing else is needed.
 *
 * A plugin is a shared library with one function, edgepipe_plugin_main, and a manifest beside it. The function returns
 * the stage types that the library has; the program makes instances of them and calls them with frames.
 *
 * Structures. Every structure begins with its size: the offset of the end of the last field that its writer knows, set
 * with EDGEPIPE_INIT. Fields are only ever appended. A reader takes what is missing as zero, and zero means what an older
 * version did. A longer structure is accepted if its unknown tail is zero. Before a plugin reads a field that has been
 * appended since 1.0, it asks EDGEPIPE_HAS.
 *
 * Memory. What the program passes to a function belongs to the program and is valid until the function returns. What a
 * plugin passes to a function of the program belongs to the plugin and may go as soon as that function has returned; the
 * program copies what it keeps. Neither side frees memory of the other. Descriptors (edgepipe_plugin and
 * edgepipe_stage_type, with all that they point to) are constant and live as long as the library is loaded.
 *
 * Threads. An instance is used by one thread alone, from create to destroy; several instances of one type may work on
 * several threads at once. What may be called from other threads says so.
 *
 * Text is UTF-8 and ends in a zero byte. Pointers may be NULL only where it is said. Times are in nanoseconds.
 *
 * Processes. By default an instance lives in a child process without network, without files and without the right to
 * start processes. A fault there costs the frame at hand, and the child is started again. A plugin cannot tell where it
 * runs, and need not.
 */
#ifndef EDGEPIPE_PLUGIN_H
#define EDGEPIPE_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Major versions do not work with each other; all minor versions of a major one do. */
#define EDGEPIPE_ABI_MAJOR 1u
#define EDGEPIPE_ABI_MINOR 0u
#define EDGEPIPE_ABI_VERSION ((EDGEPIPE_ABI_MAJOR << 16) | EDGEPIPE_ABI_MINOR)

#if defined(__GNUC__) || defined(__clang__)
#define EDGEPIPE_EXPORT __attribute__((visibility("default")))
#else
#define EDGEPIPE_EXPORT
#endif

/* The offset of the end of a field. */
#define EDGEPIPE_END(type, field) ((uint32_t)(offsetof(type, field) + sizeof(((type *)0)->field)))
/* Whether the writer of *pointer knew the field. */
#define EDGEPIPE_HAS(pointer, type, field) ((pointer)->size >= EDGEPIPE_END(type, field))

/* What a function answers. Anything else is taken as EDGEPIPE_RESTART_STAGE. */
typedef uint32_t edgepipe_status;
enum {
  EDGEPIPE_OK = 0,
  /* Not an error: this frame ends here, counted as dropped by this stage. */
  EDGEPIPE_DROP_FRAME = 1,
  /* An error: this frame is lost, the instance goes on. */
  EDGEPIPE_SKIP_FRAME = 2,
  /* An error: this frame is lost; the instance is destroyed and made again. */
  EDGEPIPE_RESTART_STAGE = 3,
  /* An error: the whole pipeline ends; what is on its way is delivered. */
  EDGEPIPE_STOP_PIPELINE = 4,
  /* Of a source: no frame yet; it is asked again. */
  EDGEPIPE_AGAIN = 5,
  /* Of a source: there are no more frames. */
  EDGEPIPE_ENDED = 6
};

typedef uint32_t edgepipe_role;
enum { EDGEPIPE_SOURCE = 1, EDGEPIPE_TRANSFORM = 2, EDGEPIPE_SINK = 3 };

typedef uint32_t edgepipe_level;
enum { EDGEPIPE_DEBUG = 0, EDGEPIPE_INFO = 1, EDGEPIPE_NOTICE = 2, EDGEPIPE_WARNING = 3, EDGEPIPE_ERROR = 4 };

/* How the values of a picture are spread. */
typedef uint32_t edgepipe_range;
enum {
  EDGEPIPE_RANGE_UNKNOWN = 0,
  /* Luma 16...235, chroma 16...240. */
  EDGEPIPE_RANGE_LIMITED = 1,
  /* 0...255. */
  EDGEPIPE_RANGE_FULL = 2
};

/* What a stream is doing. */
typedef uint32_t edgepipe_stream_state;
enum {
  EDGEPIPE_STREAM_UNKNOWN = 0,
  EDGEPIPE_STREAM_CONNECTING = 1,
  EDGEPIPE_STREAM_STREAMING = 2,
  EDGEPIPE_STREAM_STALLED = 3,
  EDGEPIPE_STREAM_REFUSED = 4,
  EDGEPIPE_STREAM_WAITING = 5,
  EDGEPIPE_STREAM_ENDED = 6
};

/* ---- Pictures ---------------------------------------------------------------------------------------------------- */

#define EDGEPIPE_PLANES 4

/* A picture. Of the program's pictures, bytes must not be written unless new_picture has given them. */
typedef struct edgepipe_picture {
  uint32_t size;
  /* In pixels. */
  uint32_t width;
  uint32_t height;
  /* 1...EDGEPIPE_PLANES; what follows has as many entries. */
  uint32_t plane_count;
  /* FFmpeg's name of the pixel format, such as "yuv420p", "nv12", "gray" or "rgb24". */
  const char *format;
  /* The first byte of the top row. */
  uint8_t *data[EDGEPIPE_PLANES];
  /* Bytes from one row to the one beneath it; negative where the picture is stored from the bottom up. */
  int64_t stride[EDGEPIPE_PLANES];
  /* Bytes of a row that hold values: never more than the magnitude of the stride. */
  uint32_t row_bytes[EDGEPIPE_PLANES];
  uint32_t rows[EDGEPIPE_PLANES];
  edgepipe_range range;
  /* ITU-T H.273 numbers: matrix 0 is RGB, 1 is BT.709, 5 and 6 are BT.601, 9 is BT.2020; 2 is unknown. */
  uint32_t matrix;
  uint32_t primaries;
  uint32_t transfer;
  /* Degrees clockwise by which it still has to be turned to be upright: 0, 90, 180 or 270. The program's pictures are
     upright already, and so must be those of plugins. */
  uint32_t rotation;
  uint32_t reserved;
} edgepipe_picture;

/* ---- Results ----------------------------------------------------------------------------------------------------- */

enum {
  /* `track` is set. */
  EDGEPIPE_DETECTION_TRACKED = 1,
  /* Nobody looked at this frame: the box is what a tracker expects. */
  EDGEPIPE_DETECTION_PREDICTED = 2
};

/* A thing found in one frame. */
typedef struct edgepipe_detection {
  uint32_t size;
  /* EDGEPIPE_DETECTION_... */
  uint32_t flags;
  /* The id of the stage in whose results it is. From a plugin: NULL for its own stage; see edgepipe_output. */
  const char *stage;
  /* The name of the class. */
  const char *label;
  int32_t class_index;
  /* 0...1. */
  float score;
  /* In pixels of the picture: top left corner and size. The program clips boxes of plugins to the picture and refuses
     those that are not finite or lie outside. */
  float x;
  float y;
  float width;
  float height;
  int64_t track;
  /* x and y of each: 2 * landmark_count numbers; NULL where there are none. */
  const float *landmarks;
  uint32_t landmark_count;
  uint32_t reserved;
} edgepipe_detection;

enum {
  /* `track` is set. */
  EDGEPIPE_EVENT_TRACKED = 1
};

/* Something that a rule saw. */
typedef struct edgepipe_event {
  uint32_t size;
  /* EDGEPIPE_EVENT_... */
  uint32_t flags;
  /* The id of the stage whose rule it was. From a plugin: ignored, it is its own stage. */
  const char *stage;
  /* Such as "sight.enter". */
  const char *kind;
  /* The class of the thing that did it; NULL where there is none. */
  const char *label;
  int64_t track;
  /* A JSON object of what else is to be said; NULL for nothing. */
  const char *fields;
} edgepipe_event;

/* Bytes of any kind that one plugin leaves on the frame for another. */
typedef struct edgepipe_attachment {
  uint32_t size;
  uint32_t reserved;
  /* A name under a reverse domain with the version of what is in it, such as "org.example.histogram/1". */
  const char *name;
  const uint8_t *data;
  uint64_t length;
} edgepipe_attachment;

/* ---- Frames ------------------------------------------------------------------------------------------------------ */

enum {
  /* The stream is live: frames that come too late are dropped. */
  EDGEPIPE_FRAME_LIVE = 1
};

typedef struct edgepipe_frame {
  uint32_t size;
  /* EDGEPIPE_FRAME_... */
  uint32_t flags;
  /* The stream's id, unique in the pipeline. */
  const char *stream;
  /* The id of the source stage that the stream belongs to. */
  const char *source_stage;
  /* Where the picture came from, without passwords. */
  const char *source;
  /* Counts from 0 in each stream. */
  int64_t sequence;
  /* Since the first frame of the stream. */
  int64_t media_time_ns;
  /* On the monotonic clock, and since 1970. */
  int64_t captured_ns;
  int64_t captured_wall_ns;
  /* On the monotonic clock; 0: none. */
  int64_t deadline_ns;
  /* The instant of this call on the monotonic clock, the same where a recorded run is replayed. Use it in place of a clock
     of your own. */
  int64_t now_ns;
  /* Rises when the stream was interrupted: what is known from the frames before, such as tracks, no longer holds. */
  int64_t discontinuity;
  /* In pixels; those of the picture, which may be gone. */
  uint32_t width;
  uint32_t height;
  edgepipe_stream_state stream_state;
  uint32_t detection_count;
  uint32_t event_count;
  uint32_t attachment_count;
  /* NULL where the type does not ask for pictures, and where a stage before has taken it off. */
  const edgepipe_picture *picture;
  /* What stages before have found: arrays of pointers, so that structures may grow. */
  const edgepipe_detection *const *detections;
  const edgepipe_event *const *events;
  const edgepipe_attachment *const *attachments;
} edgepipe_frame;

/* A change of a stream's state. */
typedef struct edgepipe_health {
  uint32_t size;
  edgepipe_stream_state state;
  const char *stream;
  /* Since when, on the monotonic clock and since 1970. */
  int64_t since_ns;
  int64_t since_wall_ns;
  /* Connections tried since the last stable streaming. */
  int64_t attempt;
  /* What went wrong last; NULL where nothing did. */
  const char *error;
} edgepipe_health;

/* ---- What the program offers ------------------------------------------------------------------------------------- */

/* What a source says of its frame. */
typedef struct edgepipe_source_frame {
  uint32_t size;
  /* 1: times have jumped, or something is missing before this frame. */
  uint32_t is_discontinuous;
  /* Since the first frame; rises from frame to frame. */
  int64_t media_time_ns;
  /* When the picture was taken, on the monotonic clock; 0: now. */
  int64_t captured_ns;
  const edgepipe_picture *picture;
} edgepipe_source_frame;

/*
 * What an instance says of the frame at hand. Valid during the call that got it, on its thread. Functions answer
 * EDGEPIPE_OK, or EDGEPIPE_SKIP_FRAME where the program does not take what it got (then the frame fails with a message that
 * says what is wrong with it; a plugin may just return what it got).
 */
typedef struct edgepipe_output edgepipe_output;
struct edgepipe_output {
  uint32_t size;
  uint32_t reserved;
  /* The program's. */
  void *host;
  /*
   * Begins the results of a stage: from now on the frame counts as looked at, also where nothing follows. NULL: one's own
   * stage. The id of a stage before: its detections are replaced by those that follow, as a tracker does.
   */
  edgepipe_status (*begin_results)(edgepipe_output *output, const char *stage);
  /* Adds a detection to the results of its `stage`, and begins them where that has not happened. */
  edgepipe_status (*add_detection)(edgepipe_output *output, const edgepipe_detection *detection);
  edgepipe_status (*add_event)(edgepipe_output *output, const edgepipe_event *event);
  /* Adds bytes, in place of those of the same name. */
  edgepipe_status (*attach)(edgepipe_output *output, const edgepipe_attachment *attachment);
  /*
   * Memory of the program for a picture, from a pool; not cleared. NULL where the format is unknown or there is no room.
   * Write `data`, and the four fields of colour where they are known; nothing else.
   */
  edgepipe_picture *(*new_picture)(edgepipe_output *output, const char *format, uint32_t width, uint32_t height);
  /*
   * Puts a picture in the place of the frame's: one of new_picture, which is then not written any more, or one's own, which
   * is copied. It has the size of the frame. For types with EDGEPIPE_MAKES_PICTURES.
   */
  edgepipe_status (*set_picture)(edgepipe_output *output, const edgepipe_picture *picture);
  /* Of a source, at most once in each call of next. */
  edgepipe_status (*set_frame)(edgepipe_output *output, const edgepipe_source_frame *frame);
};

/* What an instance can ask of the program: lives as long as the instance. */
typedef struct edgepipe_context edgepipe_context;
struct edgepipe_context {
  uint32_t size;
  /* 0 for the stage's first instance. */
  uint32_t worker;
  /* The program's. */
  void *host;
  /* The stage's id in the pipeline file, and the pipeline's name. */
  const char *stage;
  const char *pipeline;
  /* 1: a recorded run is replayed. */
  uint32_t is_replay;
  uint32_t reserved;
  /* A line for the log. Any thread. */
  void (*log)(const edgepipe_context *context, edgepipe_level level, const char *message);
  /* What went wrong, for the error that the function answers with next. The instance's thread. */
  void (*fail)(const edgepipe_context *context, const char *message);
  /* The run's monotonic clock: `now_ns` of the frame at hand. For measuring times use a clock of your own. The instance's
     thread. */
  int64_t (*now)(const edgepipe_context *context);
  /* A random number. The sequence begins anew with each frame and depends on the stage, the stream and the frame's number
     alone, so that a replay gets the same. The instance's thread. */
  uint64_t (*random)(const edgepipe_context *context);
};

/* The program. */
typedef struct edgepipe_host edgepipe_host;
struct edgepipe_host {
  uint32_t size;
  uint32_t abi_version;
  /* Name and version. */
  const char *program;
  /* A further ability by its id, such as "edgepipe.tensor/1": a structure that this header describes beside the id, or
     NULL. There are none in version 1.0. Any thread. */
  const void *(*extension)(const edgepipe_host *host, const char *id);
};

/* ---- What a plugin offers ---------------------------------------------------------------------------------------- */

enum {
  /* Frames come with their pictures. */
  EDGEPIPE_NEEDS_PICTURE = 1,
  /* Without detections from before it does nothing. */
  EDGEPIPE_NEEDS_DETECTIONS = 2,
  /* Without tracks from before it does nothing. */
  EDGEPIPE_NEEDS_TRACKS = 4,
  /* It puts other pictures in the place of those that come. */
  EDGEPIPE_MAKES_PICTURES = 8,
  /* It finds things: later stages may ask for its results by its stage's id. */
  EDGEPIPE_DETECTS = 16,
  /* Of a source: its stream is live. */
  EDGEPIPE_LIVE = 32
};

typedef struct edgepipe_stage_type edgepipe_stage_type;
struct edgepipe_stage_type {
  uint32_t size;
  edgepipe_role role;
  /* The name in pipeline files: lower-case words joined by dots, such as "example.histogram". */
  const char *type;
  /* One line. */
  const char *summary;
  /* EDGEPIPE_NEEDS_... and the like. */
  uint32_t flags;
  /* How many instances may share the work; 0 and 1: one, which sees all frames in order. */
  uint32_t max_workers;
  /* How long a call may take; 0: five seconds. */
  uint32_t time_limit_ms;
  uint32_t reserved;
  /* The pixel formats that it takes, best first, ended by NULL. A picture of another format is converted to the first one.
     NULL: any. */
  const char *const *formats;
  /* The labels of what it finds, ended by NULL; NULL: nobody knows beforehand. */
  const char *const *labels;
  /*
   * A JSON Schema of the configuration: an object with `properties`, each with `type` (boolean, integer, number, string,
   * array, object), `description`, and where they fit `default`, `minimum`, `maximum`, `enum`, `items`, `minItems`,
   * `maxItems`; `required`; and `"x-changeable": true` for what may change while the pipeline runs. NULL: no options.
   */
  const char *config_schema;

  /*
   * Makes an instance. The configuration is a JSON object that fits the schema, with all defaults filled in; it and the
   * context's texts are valid during the call, the context itself until destroy. *instance is any pointer. An answer other
   * than EDGEPIPE_OK is an error of the configuration or of the machine; destroy is then not called. The thread that makes
   * an instance uses it.
   */
  edgepipe_status (*create)(
      const edgepipe_stage_type *type, const edgepipe_context *context, const char *config, void **instance);
  /* Works on a frame. Of transforms and sinks; NULL for sources. Of a sink, EDGEPIPE_OK says that the frame is delivered. */
  edgepipe_status (*process)(void *instance, const edgepipe_frame *frame, edgepipe_output *output);
  /*
   * Gives the next frame with set_frame and answers EDGEPIPE_OK, or EDGEPIPE_AGAIN after at most a second without one, or
   * EDGEPIPE_ENDED. Of sources; NULL for others.
   */
  edgepipe_status (*next)(void *instance, edgepipe_output *output);
  /* Takes other values of changeable options, between frames: the whole configuration. NULL: none can change. */
  edgepipe_status (*configure)(void *instance, const char *config);
  /* A stream has changed its state, in order with its frames. Of sinks; may be NULL. */
  edgepipe_status (*health)(void *instance, const edgepipe_health *health);
  /* Writes what is held back. After the last frame, and possibly between frames; others may follow. May be NULL. */
  edgepipe_status (*flush)(void *instance);
  /* Frees the instance. Always called once for each that was made, unless its process ends first. May be NULL. */
  void (*destroy)(void *instance);
  /* A further ability of the type by its id; NULL for one that it does not have. May be NULL itself. Any thread. */
  const void *(*extension)(const edgepipe_stage_type *type, const char *id);
};

typedef struct edgepipe_plugin {
  uint32_t size;
  /* EDGEPIPE_ABI_VERSION. */
  uint32_t abi_version;
  /* As in the manifest. */
  const char *name;
  const char *version;
  uint32_t type_count;
  uint32_t reserved;
  const edgepipe_stage_type *const *types;
} edgepipe_plugin;

/* The value for `size`, such as EDGEPIPE_INIT(edgepipe_detection), and the only way that sizes ought to be written. */
#define EDGEPIPE_INIT(type) ((uint32_t)EDGEPIPE_SIZE_##type)
enum {
  EDGEPIPE_SIZE_edgepipe_picture = EDGEPIPE_END(edgepipe_picture, reserved),
  EDGEPIPE_SIZE_edgepipe_detection = EDGEPIPE_END(edgepipe_detection, reserved),
  EDGEPIPE_SIZE_edgepipe_event = EDGEPIPE_END(edgepipe_event, fields),
  EDGEPIPE_SIZE_edgepipe_attachment = EDGEPIPE_END(edgepipe_attachment, length),
  EDGEPIPE_SIZE_edgepipe_frame = EDGEPIPE_END(edgepipe_frame, attachments),
  EDGEPIPE_SIZE_edgepipe_health = EDGEPIPE_END(edgepipe_health, error),
  EDGEPIPE_SIZE_edgepipe_source_frame = EDGEPIPE_END(edgepipe_source_frame, picture),
  EDGEPIPE_SIZE_edgepipe_output = EDGEPIPE_END(edgepipe_output, set_frame),
  EDGEPIPE_SIZE_edgepipe_context = EDGEPIPE_END(edgepipe_context, random),
  EDGEPIPE_SIZE_edgepipe_host = EDGEPIPE_END(edgepipe_host, extension),
  EDGEPIPE_SIZE_edgepipe_stage_type = EDGEPIPE_END(edgepipe_stage_type, extension),
  EDGEPIPE_SIZE_edgepipe_plugin = EDGEPIPE_END(edgepipe_plugin, types)
};

/*
 * The one function of the library. Called once, before anything else, on any thread. NULL refuses to work with this
 * program. The host lives as long as the library.
 */
typedef const edgepipe_plugin *(*edgepipe_plugin_main_function)(const edgepipe_host *host);
EDGEPIPE_EXPORT const edgepipe_plugin *edgepipe_plugin_main(const edgepipe_host *host);

#ifdef __cplusplus
}
#endif

#endif

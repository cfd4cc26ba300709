/* A sink that writes one line for each detection into a named pipe, for programs that read lines. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edgepipe/plugin.h"

typedef struct {
  const edgepipe_context *context;
  char path[1024];
  int file;
} pipe_sink;

/* The value of a text in a flat JSON object. The program writes no white space around the colon. */
static int text(const char *json, const char *key, char *value, size_t room) {
  char quoted[64];
  snprintf(quoted, sizeof quoted, "\"%s\":\"", key);
  const char *place = strstr(json, quoted);
  size_t length = 0;
  if (!place) return 0;
  for (place += strlen(quoted); *place && *place != '"'; place++) {
    if (*place == '\\' && place[1]) place++;
    if (length + 1 >= room) return 0;
    value[length++] = *place;
  }
  value[length] = 0;
  return length > 0;
}

static edgepipe_status create(
    const edgepipe_stage_type *type, const edgepipe_context *context, const char *config, void **instance) {
  (void)type;
  pipe_sink *own = calloc(1, sizeof *own);
  if (!own) return EDGEPIPE_STOP_PIPELINE;
  own->context = context;
  own->file = -1;
  if (!text(config, "path", own->path, sizeof own->path) || (mkfifo(own->path, 0600) != 0 && errno != EEXIST)) {
    char message[1200];
    snprintf(message, sizeof message, "cannot make the pipe '%s': %s", own->path, strerror(errno));
    context->fail(context, message);
    free(own);
    return EDGEPIPE_STOP_PIPELINE;
  }
  *instance = own;
  return EDGEPIPE_OK;
}

/* Without a reader nothing is written: a stage must not wait for somebody who may never come. */
static int is_open(pipe_sink *own) {
  if (own->file < 0) own->file = open(own->path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  return own->file >= 0;
}

static edgepipe_status process(void *instance, const edgepipe_frame *frame, edgepipe_output *output) {
  pipe_sink *own = instance;
  (void)output;
  if (frame->detection_count == 0 || !is_open(own)) return EDGEPIPE_OK;
  /* A reader that goes away must not end the process that the sink lives in. */
  struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
  sigaction(SIGPIPE, &ignore, &before);
  for (uint32_t index = 0; index < frame->detection_count; index++) {
    const edgepipe_detection *found = frame->detections[index];
    char line[512];
    int length = snprintf(
        line, sizeof line, "%.100s %lld %.100s %.3f %.1f %.1f %.1f %.1f\n", frame->stream, (long long)frame->sequence,
        found->label, found->score, found->x, found->y, found->width, found->height);
    if (length > 0 && write(own->file, line, (size_t)length) != length) {
      if (errno != EAGAIN) {
        close(own->file);
        own->file = -1;
      }
      own->context->log(own->context, EDGEPIPE_WARNING, "the reader of the pipe has gone, or is too slow");
      break;
    }
  }
  sigaction(SIGPIPE, &before, NULL);
  return EDGEPIPE_OK;
}

static void destroy(void *instance) {
  pipe_sink *own = instance;
  if (own->file >= 0) close(own->file);
  free(own);
}

static const edgepipe_stage_type type = {
    .size = EDGEPIPE_INIT(edgepipe_stage_type),
    .role = EDGEPIPE_SINK,
    .type = "example.pipe",
    .summary = "Writes a line for each detection into a named pipe.",
    .config_schema =
        "{\"type\": \"object\", \"required\": [\"path\"], \"properties\": {"
        "\"path\": {\"type\": \"string\", \"description\": \"The pipe; it is made where it is not there.\"}}}",
    .create = create,
    .process = process,
    .destroy = destroy,
};

static const edgepipe_stage_type *const types[] = {&type};

static const edgepipe_plugin plugin = {
    .size = EDGEPIPE_INIT(edgepipe_plugin),
    .abi_version = EDGEPIPE_ABI_VERSION,
    .name = "pipe-sink",
    .version = "1.0.0",
    .type_count = 1,
    .types = types,
};

const edgepipe_plugin *edgepipe_plugin_main(const edgepipe_host *host) {
  (void)host;
  return &plugin;
}

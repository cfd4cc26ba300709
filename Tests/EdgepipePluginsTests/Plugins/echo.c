/* Says of a frame what it was given, and gives everything that a plugin can give. -DTAIL=n: written for a later header, with
   n in a field that this one does not have. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edgepipe/plugin.h"

#ifndef TAIL
#define TAIL 0
#endif
#ifndef ABI
#define ABI EDGEPIPE_ABI_VERSION
#endif

typedef struct { edgepipe_event event; uint64_t later; } later_event;

typedef struct { const edgepipe_context *context; int flushed; } echo;

static edgepipe_status create(
    const edgepipe_stage_type *type, const edgepipe_context *context, const char *config, void **instance) {
  (void)type;
  if (strstr(config, "\"mode\":\"refuse\"")) {
    context->fail(context, "it does not like this");
    return EDGEPIPE_STOP_PIPELINE;
  }
  echo *own = calloc(1, sizeof *own);
  own->context = context;
  *instance = own;
  context->log(context, EDGEPIPE_INFO, config);
  return EDGEPIPE_OK;
}

static edgepipe_status process(void *instance, const edgepipe_frame *frame, edgepipe_output *output) {
  echo *own = instance;
  char fields[400];
  snprintf(
      fields, sizeof fields, "{\"stream\":\"%s\",\"detections\":%u,\"events\":%u,\"attachments\":%u,\"format\":\"%s\","
      "\"now\":%lld,\"random\":%llu,\"flushed\":%d}", frame->stream, frame->detection_count, frame->event_count,
      frame->attachment_count, frame->picture ? frame->picture->format : "", (long long)own->context->now(own->context),
      (unsigned long long)(own->context->random(own->context) >> 12), own->flushed);
  later_event said;
  memset(&said, 0, sizeof said);
  said.event.size = TAIL >= 0 ? sizeof said : EDGEPIPE_INIT(edgepipe_event);
  said.later = TAIL > 0 ? TAIL : 0;
  said.event.kind = "echo.frame";
  said.event.fields = fields;
  if (output->add_event(output, &said.event) != EDGEPIPE_OK) return EDGEPIPE_OK;
  switch (frame->sequence % 8) {
    case 1: return EDGEPIPE_DROP_FRAME;
    case 2: own->context->fail(own->context, "not this one"); return EDGEPIPE_SKIP_FRAME;
    case 3: {
      edgepipe_detection found;
      memset(&found, 0, sizeof found);
      found.size = EDGEPIPE_INIT(edgepipe_detection);
      found.label = "thing";
      found.score = 0.5f;
      found.x = -10;
      found.y = 4;
      found.width = 20;
      found.height = 8;
      return output->add_detection(output, &found);
    }
    case 4: {
      edgepipe_detection found;
      memset(&found, 0, sizeof found);
      found.size = EDGEPIPE_INIT(edgepipe_detection);
      found.label = "nonsense";
      found.score = 7;
      found.x = 1e9f;
      output->add_detection(output, &found);
      return EDGEPIPE_OK;
    }
    case 5: {
      edgepipe_picture *picture = output->new_picture(output, "gray", frame->width, frame->height);
      if (!picture) return EDGEPIPE_SKIP_FRAME;
      for (uint32_t row = 0; row < picture->rows[0]; row++)
        memset(picture->data[0] + row * picture->stride[0], 99, picture->row_bytes[0]);
      return output->set_picture(output, picture);
    }
    default: return EDGEPIPE_OK;
  }
}

static edgepipe_status flush(void *instance) {
  ((echo *)instance)->flushed++;
  return EDGEPIPE_OK;
}

static void destroy(void *instance) { free(instance); }

static const edgepipe_stage_type type = {
    .size = EDGEPIPE_INIT(edgepipe_stage_type), .role = EDGEPIPE_TRANSFORM, .type = "test.echo", .summary = "Echoes.",
    .flags = EDGEPIPE_NEEDS_PICTURE | EDGEPIPE_MAKES_PICTURES | EDGEPIPE_DETECTS,
    .config_schema = "{\"type\":\"object\",\"properties\":{\"mode\":{\"type\":\"string\",\"default\":\"usual\"}}}",
    .create = create, .process = process, .flush = flush, .destroy = destroy};
static const edgepipe_stage_type *const types[] = {&type};
static const edgepipe_plugin plugin = {
    .size = EDGEPIPE_INIT(edgepipe_plugin), .abi_version = ABI, .name = "echo", .version = "1", .type_count = 1,
    .types = types};

EDGEPIPE_EXPORT const edgepipe_plugin *edgepipe_plugin_main(const edgepipe_host *host) {
  return host->abi_version >> 16 == 1 ? &plugin : NULL;
}

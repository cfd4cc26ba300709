/* A stage that counts how bright the pixels are: a histogram of luma on each frame, and an event when it changes much. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edgepipe/plugin.h"

#define MOST_BINS 256

typedef struct {
  const edgepipe_context *context;
  uint32_t bins;
  double threshold;
  int has_last;
  int64_t discontinuity;
  double last[MOST_BINS];
} histogram;

/* The value of a number in a flat JSON object: the program has checked it, and writes every default. */
static double number(const char *json, const char *key, double otherwise) {
  char quoted[64];
  snprintf(quoted, sizeof quoted, "\"%s\":", key);
  const char *place = strstr(json, quoted);
  return place ? strtod(place + strlen(quoted), NULL) : otherwise;
}

static edgepipe_status configure(void *instance, const char *config) {
  histogram *own = instance;
  own->threshold = number(config, "threshold", 0.25);
  uint32_t bins = (uint32_t)number(config, "bins", 16);
  if (bins != own->bins) own->has_last = 0;
  own->bins = bins;
  return EDGEPIPE_OK;
}

static edgepipe_status create(
    const edgepipe_stage_type *type, const edgepipe_context *context, const char *config, void **instance) {
  (void)type;
  histogram *own = calloc(1, sizeof *own);
  if (!own) {
    context->fail(context, "out of memory");
    return EDGEPIPE_STOP_PIPELINE;
  }
  own->context = context;
  configure(own, config);
  *instance = own;
  return EDGEPIPE_OK;
}

static edgepipe_status process(void *instance, const edgepipe_frame *frame, edgepipe_output *output) {
  histogram *own = instance;
  const edgepipe_picture *picture = frame->picture;
  if (!picture) return EDGEPIPE_OK;
  if (frame->discontinuity != own->discontinuity) own->has_last = 0;
  own->discontinuity = frame->discontinuity;
  uint64_t counts[MOST_BINS] = {0}, all = 0;
  for (uint32_t y = 0; y < picture->rows[0]; y++) {
    const uint8_t *row = picture->data[0] + (int64_t)y * picture->stride[0];
    for (uint32_t x = 0; x < picture->row_bytes[0]; x++) counts[row[x] * own->bins / 256]++;
    all += picture->row_bytes[0];
  }
  float shares[MOST_BINS];
  double change = 0;
  for (uint32_t bin = 0; bin < own->bins; bin++) {
    double share = (double)counts[bin] / (double)all;
    double before = own->last[bin];
    change += share > before ? share - before : before - share;
    own->last[bin] = share;
    shares[bin] = (float)share;
  }
  edgepipe_attachment attachment = {.size = EDGEPIPE_INIT(edgepipe_attachment)};
  attachment.name = "org.edgepipe.histogram/1";
  attachment.data = (const uint8_t *)shares;
  attachment.length = own->bins * sizeof(float);
  edgepipe_status status = output->attach(output, &attachment);
  /* Half of the sum is the share of pixels that went elsewhere. */
  if (status == EDGEPIPE_OK && own->has_last && change / 2 > own->threshold) {
    char fields[64];
    snprintf(fields, sizeof fields, "{\"change\": %.3f}", change / 2);
    edgepipe_event event = {.size = EDGEPIPE_INIT(edgepipe_event)};
    event.kind = "histogram.change";
    event.fields = fields;
    status = output->add_event(output, &event);
  }
  own->has_last = 1;
  return status;
}

static void destroy(void *instance) { free(instance); }

static const char *const formats[] = {"gray", "yuv420p", "yuvj420p", "nv12", "yuv422p", "yuv444p", NULL};

static const edgepipe_stage_type type = {
    .size = EDGEPIPE_INIT(edgepipe_stage_type),
    .role = EDGEPIPE_TRANSFORM,
    .type = "example.histogram",
    .summary = "Attaches a histogram of luma, and reports when it changes much.",
    .flags = EDGEPIPE_NEEDS_PICTURE,
    .formats = formats,
    .config_schema =
        "{\"type\": \"object\", \"properties\": {"
        "\"bins\": {\"type\": \"integer\", \"minimum\": 2, \"maximum\": 256, \"default\": 16,"
        " \"description\": \"Classes of brightness.\"},"
        "\"threshold\": {\"type\": \"number\", \"minimum\": 0, \"maximum\": 1, \"default\": 0.25, \"x-changeable\": true,"
        " \"description\": \"The share of pixels that must change their class for an event.\"}}}",
    .create = create,
    .process = process,
    .configure = configure,
    .destroy = destroy,
};

static const edgepipe_stage_type *const types[] = {&type};

static const edgepipe_plugin plugin = {
    .size = EDGEPIPE_INIT(edgepipe_plugin),
    .abi_version = EDGEPIPE_ABI_VERSION,
    .name = "histogram",
    .version = "1.0.0",
    .type_count = 1,
    .types = types,
};

const edgepipe_plugin *edgepipe_plugin_main(const edgepipe_host *host) {
  (void)host;
  return &plugin;
}

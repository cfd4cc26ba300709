/* A plugin that does nothing. */
#include <edgepipe/plugin.h>

static edgepipe_status create(
    const edgepipe_stage_type *type, const edgepipe_context *context, const char *config, void **instance) {
  (void)type, (void)context, (void)config;
  *instance = 0;
  return EDGEPIPE_OK;
}

static edgepipe_status process(void *instance, const edgepipe_frame *frame, edgepipe_output *output) {
  (void)instance, (void)frame, (void)output;
  return EDGEPIPE_OK;
}

static const edgepipe_stage_type nothing = {
    .size = EDGEPIPE_INIT(edgepipe_stage_type),
    .role = EDGEPIPE_TRANSFORM,
    .type = "bench.nothing",
    .summary = "Does nothing.",
    .flags = EDGEPIPE_NEEDS_PICTURE,
    .create = create,
    .process = process,
};
static const edgepipe_stage_type *const types[] = {&nothing};
static const edgepipe_plugin plugin = {
    .size = EDGEPIPE_INIT(edgepipe_plugin),
    .abi_version = EDGEPIPE_ABI_VERSION,
    .name = "nothing",
    .version = "1.0.0",
    .type_count = 1,
    .types = types,
};

const edgepipe_plugin *edgepipe_plugin_main(const edgepipe_host *host) {
  (void)host;
  return &plugin;
}

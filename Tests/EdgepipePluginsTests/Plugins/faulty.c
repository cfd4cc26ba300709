/* Does what the option "fault" says, with every frame from the one that "from" says. */
#include <edgepipe/plugin.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct faulty {
  const edgepipe_context *context;
  char fault[64];
  char path[512];
  long from;
  long frames;
};

static void text(const char *config, const char *key, char *value, size_t size) {
  char quoted[64];
  snprintf(quoted, sizeof quoted, "\"%s\":\"", key);
  const char *start = strstr(config, quoted);
  value[0] = 0;
  if (!start) return;
  start += strlen(quoted);
  size_t count = strcspn(start, "\"");
  if (count >= size) count = size - 1;
  memcpy(value, start, count);
  value[count] = 0;
}

static edgepipe_status create(
    const edgepipe_stage_type *type, const edgepipe_context *context, const char *config, void **instance) {
  (void)type;
  struct faulty *self = calloc(1, sizeof *self);
  self->context = context;
  text(config, "fault", self->fault, sizeof self->fault);
  text(config, "path", self->path, sizeof self->path);
  const char *from = strstr(config, "\"from\":");
  if (from) self->from = strtol(from + 7, NULL, 10);
  if (!strcmp(self->fault, "exit-in-create")) exit(0);
  if (!strcmp(self->fault, "crash-in-create")) abort();
  if (!strcmp(self->fault, "hang-in-create")) pause();
  if (!strcmp(self->fault, "refuse")) {
    context->fail(context, "fault must not be 'refuse'");
    free(self);
    return EDGEPIPE_STOP_PIPELINE;
  }
  *instance = self;
  return EDGEPIPE_OK;
}

static void say(struct faulty *self, edgepipe_output *output, const char *what, int refused) {
  char fields[128];
  (void)self;
  snprintf(fields, sizeof fields, "{\"refused\":%d}", refused);
  edgepipe_event event = {.size = EDGEPIPE_INIT(edgepipe_event)};
  event.kind = what;
  event.fields = fields;
  output->add_event(output, &event);
}

static edgepipe_status process(void *instance, const edgepipe_frame *frame, edgepipe_output *output) {
  struct faulty *self = instance;
  if (self->frames++ < self->from) return EDGEPIPE_OK;
  const char *fault = self->fault;
  if (!strcmp(fault, "trap")) __builtin_trap();
  if (!strcmp(fault, "null")) *(volatile int *)0 = 1;
  if (!strcmp(fault, "abort")) abort();
  if (!strcmp(fault, "exit")) exit(3);
  if (!strcmp(fault, "hang")) for (;;) pause();
  if (!strcmp(fault, "spin")) for (volatile int i = 0;; i++) {}
  if (!strcmp(fault, "flood")) for (;;) fprintf(stderr, "line after line after line after line after line\n");
  if (!strcmp(fault, "leak")) {
    for (;;) {
      char *block = malloc(8 << 20);
      if (!block) abort();
      memset(block, 1, 8 << 20);
    }
  }
  if (!strcmp(fault, "closed-pipe")) {
    int ends[2];
    if (pipe(ends)) abort();
    close(ends[0]);
    signal(SIGPIPE, SIG_DFL);
    if (write(ends[1], "x", 1) < 0) abort();
  }
  if (!strcmp(fault, "nonsense-socket")) {
    char bytes[64];
    memset(bytes, 0xFF, sizeof bytes);
    if (write(3, bytes, sizeof bytes) < 0) abort();
  }
  if (!strcmp(fault, "nonsense-box")) {
    edgepipe_detection detection = {.size = EDGEPIPE_INIT(edgepipe_detection)};
    detection.label = "thing";
    detection.x = NAN;
    detection.width = INFINITY;
    return output->add_detection(output, &detection);
  }
  if (!strcmp(fault, "write-picture") && frame->picture) frame->picture->data[0][0] = 1;
  if (!strcmp(fault, "skip")) {
    self->context->fail(self->context, "this frame is not to its taste");
    return EDGEPIPE_SKIP_FRAME;
  }
  if (!strcmp(fault, "restart")) return EDGEPIPE_RESTART_STAGE;
  if (!strcmp(fault, "stop")) return EDGEPIPE_STOP_PIPELINE;
  /* What follows says whether the system refused it. */
  if (!strcmp(fault, "fork")) {
    pid_t child = fork();
    if (child == 0) for (;;) pause();
    say(self, output, "fork", child < 0);
  }
  if (!strcmp(fault, "exec")) {
    execl("/bin/true", "true", (char *)0);
    say(self, output, "exec", 1);
  }
  if (!strcmp(fault, "socket")) say(self, output, "socket", socket(AF_INET, SOCK_STREAM, 0) < 0);
  if (!strcmp(fault, "unix-socket")) say(self, output, "unix-socket", socket(AF_UNIX, SOCK_STREAM, 0) < 0);
  if (!strcmp(fault, "ptrace")) say(self, output, "ptrace", ptrace(PTRACE_ATTACH, getppid(), 0, 0) < 0);
  if (!strcmp(fault, "kill")) say(self, output, "kill", kill(getppid(), 0) < 0);
  if (!strcmp(fault, "outlive")) say(self, output, "outlive", prctl(PR_SET_PDEATHSIG, 0) < 0);
  if (!strcmp(fault, "read")) {
    int file = open(self->path, O_RDONLY);
    say(self, output, "read", file < 0);
    if (file >= 0) close(file);
  }
  if (!strcmp(fault, "write")) {
    int file = open(self->path, O_WRONLY | O_CREAT, 0600);
    say(self, output, "write", file < 0);
    if (file >= 0) close(file);
  }
  return EDGEPIPE_OK;
}

static void destroy(void *instance) { free(instance); }

static const edgepipe_stage_type faulty = {
    .size = EDGEPIPE_INIT(edgepipe_stage_type),
    .role = EDGEPIPE_TRANSFORM,
    .type = "test.faulty",
    .summary = "Does what it should not.",
    .flags = EDGEPIPE_NEEDS_PICTURE,
    .config_schema = "{\"type\":\"object\",\"properties\":{"
                     "\"fault\":{\"type\":\"string\",\"description\":\"What it does.\",\"default\":\"\"},"
                     "\"path\":{\"type\":\"string\",\"description\":\"A file.\",\"default\":\"\"},"
                     "\"from\":{\"type\":\"integer\",\"description\":\"The first frame.\",\"default\":0}}}",
    .create = create,
    .process = process,
    .destroy = destroy,
};
static const edgepipe_stage_type *const types[] = {&faulty};
static const edgepipe_plugin plugin = {
    .size = EDGEPIPE_INIT(edgepipe_plugin),
    .abi_version = EDGEPIPE_ABI_VERSION,
    .name = "faulty",
    .version = "1.0.0",
    .type_count = 1,
    .types = types,
};

const edgepipe_plugin *edgepipe_plugin_main(const edgepipe_host *host) {
  (void)host;
  return &plugin;
}

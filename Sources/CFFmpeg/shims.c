#include "CFFmpeg.h"
#include <string.h>

// FFmpeg drops lost RTP packets and invents missing reference pictures without a flag on what it hands out; only its
// log says so. Losses are counted for the thread that reads or decodes, which is the thread that logs.
static _Thread_local struct ep_losses losses;

static int begins(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

static void watch(void *context, int level, const char *format, va_list arguments) {
  (void)context;
  (void)level;
  if (!format) return;
  if (begins(format, "RTP: missed %d packets")) {
    va_list copy;
    va_copy(copy, arguments);
    int count = va_arg(copy, int);
    va_end(copy);
    // A packet that comes twice is logged as the whole range of numbers but one; both copies are put together.
    if (count > 0x7FFF) losses.repeated++;
    else losses.packets += count > 0 ? count : 1;
  } else if (begins(format, "Frame num gap") || begins(format, "Missing reference picture") ||
             begins(format, "Could not find ref with POC")) {
    losses.references++;
  } else if (begins(format, "IEND without all image")) {
    losses.rows++;
  } else if (begins(format, "Picture size %ux%u is invalid")) {
    va_list copy;
    va_copy(copy, arguments);
    losses.width = va_arg(copy, unsigned);
    losses.height = va_arg(copy, unsigned);
    va_end(copy);
  }
}

void ep_watch_losses(void) { av_log_set_callback(watch); }

struct ep_losses ep_take_losses(void) {
  struct ep_losses taken = losses;
  losses = (struct ep_losses){0};
  return taken;
}

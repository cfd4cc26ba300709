#include "CFFmpeg.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

// FFmpeg drops lost RTP packets and invents missing reference pictures without a flag on what it hands out, and it keeps
// a server's own words to itself; only its log tells of them. Both are kept for the thread that reads or decodes, which
// is the thread that logs.
static _Thread_local struct ep_losses losses;
static _Thread_local char notes[2048];
static _Thread_local size_t noted;

static int begins(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

static void note(const char *format, va_list arguments) {
  size_t room = sizeof notes - noted;
  if (room < 2) return;
  va_list copy;
  va_copy(copy, arguments);
  int length = vsnprintf(notes + noted, room - 1, format, copy);
  va_end(copy);
  if (length < 0) return;
  noted += (size_t)length < room - 1 ? (size_t)length : room - 2;
  if (notes[noted - 1] != '\n') notes[noted++] = '\n';
}

// A line of an answer's head, told as "line='...'" by the RTSP reader and as "header='...'" by the HTTP one.
static int is_wanted_header(va_list arguments) {
  va_list copy;
  va_copy(copy, arguments);
  const char *line = va_arg(copy, const char *);
  va_end(copy);
  return line && (!strncasecmp(line, "WWW-Authenticate:", 17) || !strncasecmp(line, "Content-Type:", 13) ||
                  !strncasecmp(line, "Transport:", 10));
}

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
  } else if (begins(format, "method %s failed: %d%s") || begins(format, "HTTP error %d %s") ||
             begins(format, "Failed to resolve hostname %s: %s") || begins(format, "getaddrinfo(%s, %s): %s") ||
             begins(format, "Nonmatching transport in server reply")) {
    note(format, arguments);
  } else if ((begins(format, "line='%s'") || begins(format, "header='%s'")) && is_wanted_header(arguments)) {
    note(format, arguments);
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

void ep_watch_log(void) { av_log_set_callback(watch); }

struct ep_losses ep_take_losses(void) {
  struct ep_losses taken = losses;
  losses = (struct ep_losses){0};
  return taken;
}

size_t ep_take_notes(char *text, size_t size) {
  size_t count = noted < size ? noted : size;
  memcpy(text, notes, count);
  noted = 0;
  return count;
}

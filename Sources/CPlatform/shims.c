#include "CPlatform.h"
#include <string.h>
#include <sys/socket.h>

// The macros that lay a descriptor out in a message exist in C alone.
union room { struct cmsghdr header; char bytes[CMSG_SPACE(sizeof(int))]; };

long ep_send(int socket, const void *bytes, size_t count, int descriptor) {
  union room room; memset(&room, 0, sizeof(room));
  struct iovec part = {(void *)bytes, count};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (descriptor >= 0) {
    message.msg_control = room.bytes; message.msg_controllen = sizeof(room.bytes);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET; header->cmsg_type = SCM_RIGHTS; header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
  }
  ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL); return sent < 0 ? -errno : sent;
}

long ep_receive(int socket, void *bytes, size_t count, int *descriptor) {
  union room room; struct iovec part = {bytes, count};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof(room.bytes)};
  *descriptor = -1;
  ssize_t received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (received < 0) return -errno;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) memcpy(descriptor, CMSG_DATA(header), sizeof(int));
  return received;
}

import Glibc

/// What helps against a failed write, by the system's error number.
enum WriteRemedy {
  static func text(_ code: Int32) -> String {
    switch code {
    case ENOSPC: "free space on that disk, or choose a path on another disk"
    case EDQUOT: "this user's disk quota is exhausted: free space, or raise the quota"
    case EFBIG:
      "the file has reached the size limit of this process (ulimit -f) or file system: raise it, or choose another path"
    case EPIPE: "its reader has ended: start the reader again, or write to a file"
    case EROFS: "that file system is read-only: choose a path on another one"
    case EACCES, EPERM: "give this user write permission there, or choose another path"
    case EIO, ENXIO, ENODEV: "the device does not accept it: check the system log (dmesg), or choose another path"
    case ELOOP: "its links form a loop: correct them, or choose another path"
    case ENOENT, ENOTDIR: "check the path: each part but the last must be a folder"
    case EISDIR: "give the path of a file in it"
    case ENAMETOOLONG: "choose a shorter name"
    case EMFILE, ENFILE: "raise the limit on open files (ulimit -n)"
    case ETXTBSY: "it is a running program: choose another path"
    case EBADF: "it was closed before edgepipe started: leave it open, or write to a file"
    case ESTALE, ETIMEDOUT, ENOTCONN, EHOSTDOWN:
      "its file server does not respond: check the mount, or choose another path"
    default: "choose another path"
    }
  }
}

import Glibc

/// What helps against a failed write, by the system's error number.
enum WriteRemedy {
  static func text(_ code: Int32) -> String {
    switch code {
    case ENOSPC: "make room on that disk, or choose a path on another one"
    case EDQUOT: "this user's share of that disk is used up: make room, or have the quota raised"
    case EFBIG:
      "the file has reached the limit for this process (ulimit -f) or its file system: raise it, or choose another path"
    case EPIPE: "whatever read it is gone: start that again, or write to a file"
    case EROFS: "that file system can only be read: choose a path on another one"
    case EACCES, EPERM: "give this user the right to write there, or choose another path"
    case EIO, ENXIO, ENODEV: "the device does not take it: look at the system's log (dmesg), or choose another path"
    case ELOOP: "its links lead in a circle: mend them, or choose another path"
    case ENOENT, ENOTDIR: "check the path: each part but the last must be a folder"
    case EISDIR: "name a file in it"
    case ENAMETOOLONG: "choose a shorter name"
    case EMFILE, ENFILE: "raise the limit on open files (ulimit -n)"
    case ETXTBSY: "it is a program that runs: choose another path"
    case EBADF: "it was closed before edgepipe started: leave it open, or write to a file"
    case ESTALE, ETIMEDOUT, ENOTCONN, EHOSTDOWN:
      "its file server does not answer: check the mount, or choose another path"
    default: "choose another path"
    }
  }
}

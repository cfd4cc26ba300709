import EdgepipeCore
import Glibc

/// Takes passwords out of the process's own argument list, which every user of the machine may read (`ps`, `/proc`).
///
/// They were there for a moment, and they stay in the shell's history: `${NAME}` in the URL is the better way.
enum ArgumentSecrets {
  /// `text`, which may quote arguments, without what is secret in them.
  static func scrub(_ text: String, of arguments: [String]) -> String {
    arguments.reduce(text) { URLRedaction.scrub($0, of: $1) }
  }

  /// Writes over every argument that holds a secret. Call it once the arguments are copied, while there is one thread.
  static func hide() {
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let argument = unsafe CommandLine.unsafeArgv[index] else { continue }
      let text = unsafe String(cString: argument)
      let hidden = URLRedaction.redact(text)
      guard hidden != text else { continue }
      // Of the bytes as they are: what is no UTF-8 becomes longer as text.
      let length = unsafe strlen(argument)
      var bytes = Array(hidden.utf8.prefix(length))
      bytes += Array(repeating: 0, count: length - bytes.count)
      // SAFETY: the argument has `length` bytes and its end mark, which stays; nobody else reads or writes it now.
      for (offset, byte) in bytes.enumerated() { unsafe argument[offset] = CChar(bitPattern: byte) }
    }
  }
}

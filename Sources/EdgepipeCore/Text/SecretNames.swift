import Foundation

/// Which names of values say that the value is a secret.
package enum SecretNames {
  private static let words: Set<String> = [
    "password", "passwd", "passwort", "kennwort", "passphrase", "passcode", "pass", "pas", "passw", "pwd", "psw", "pw",
    "token", "key", "secret", "auth", "authbasic", "authorization", "apikey", "sig", "sign", "signature", "credential",
    "credentials", "session", "sessionid", "sid", "jwt", "bearer", "ticket", "pin", "otp",
  ]

  /// What camera makers and services put other letters in front of: `loginpas`, `usrpwd`, `wsSecret`, `devicetoken`.
  private static let endings = [
    "password", "passwd", "passphrase", "passcode", "pwd", "psw", "pass", "pas", "token", "secret", "signature",
    "apikey",
    "authkey", "accesskey", "secretkey", "sessionkey", "streamkey", "sessionid", "auth",
  ]

  /// Words that stand before a secret as a part of a path, as in `/token/abc`.
  private static let pathWords: Set<String> = ["password", "passwd", "pwd", "token", "secret", "apikey", "passphrase"]

  /// What stands beside user and password in the addresses of recorders that put all of it into the path, where an
  /// underscore may belong to the password.
  private static let plain: Set<String> = [
    "user", "username", "usr", "login", "loginuse", "account", "channel", "channelid", "chn", "ch", "chan", "stream",
    "streamtype", "streamid", "subtype", "substream", "profile", "type", "track", "trackid", "id", "unicast", "proto",
    "transport", "transportmode", "video", "audio", "codec", "res", "resolution", "width", "height", "size", "fps",
    "rate", "bitrate", "quality", "cmd", "action", "name", "mode", "format", "port",
  ]

  /// `token`, but also `access_token`, `apiKey`, `X-Amz-Signature` and `loginpas`.
  package static func contains(_ name: String) -> Bool { parts(name).contains(where: isSecret) }

  /// Whether the last of a name's words is one: what is before it may be a value, as in `user=admin_password=…`.
  static func endsWithOne(_ name: String) -> Bool { parts(name).last.map(isSecret) ?? false }

  static func isPathWord(_ name: String) -> Bool { pathWords.contains(name.lowercased()) }
  static func isPlain(_ name: String) -> Bool { plain.contains(name.lowercased()) }

  private static func isSecret(_ word: String) -> Bool {
    words.contains(word) || endings.contains { word.hasSuffix($0) }
  }

  /// The words of a name in lower case, parted at what is no letter and before capitals.
  private static func parts(_ name: String) -> [String] {
    var words: [String] = []
    var word = ""
    var lastWasLower = false
    for scalar in name.unicodeScalars {
      let isUpper = scalar.properties.isUppercase
      if !scalar.properties.isAlphabetic || (isUpper && lastWasLower) {
        words.append(word)
        word = ""
      }
      if scalar.properties.isAlphabetic { word.unicodeScalars.append(scalar) }
      lastWasLower = !isUpper
    }
    return (words + [word]).map { $0.lowercased() }.filter { !$0.isEmpty }
  }
}

import PipelineTestSupport
import Testing

@testable import Pipeline

@Suite struct URLRedactionTests {
  @Test(arguments: [
    ("rtsp://user:secret@host/path", "rtsp://user:***@host/path"),
    ("rtsp://user:secret@host:554/path?a=b#c", "rtsp://user:***@host:554/path?a=b#c"),
    ("rtsp://user:p@ss@host/", "rtsp://user:***@host/"),
    ("rtsp://user:p/a?s#s:w@host/", "rtsp://user:***@host/"),
    ("rtsp://user:1234/5@host/", "rtsp://user:***@host/"),
    ("rtsp://user:p%40ss%2F@host/", "rtsp://user:***@host/"),
    ("rtsp://:secret@host/", "rtsp://:***@host/"),
    ("rtsp://user:@host/", "rtsp://user:***@host/"),
    ("rtsp://user@host/", "rtsp://user@host/"),
    ("RTSPS://user:secret@[::1]:322/", "RTSPS://user:***@[::1]:322/"),
    ("rtsp://[fe80::1]:554/a@b", "rtsp://[fe80::1]:554/a@b"),
    ("rtsp://host:554/path", "rtsp://host:554/path"),
    ("//user:secret@host/", "//user:***@host/"),
    ("user:secret@host/path", "user:***@host/path"),
    ("rtsp:/user:secret@host", "rtsp:***@host"),
    (" rtsp://user:secret@host", " rtsp:***@host"),
    ("rt_sp://user:secret@host", "rt_sp:***@host"),
    ("http://h/x?user=me&password=abc&size=2", "http://h/x?user=me&password=***&size=2"),
    ("http://h/x?PWD=abc", "http://h/x?PWD=***"),
    ("http://h/x?p%77d=abc", "http://h/x?p%77d=***"),
    (
      "http://h/x?access_token=abc&apiKey=d&X-Amz-Signature=e",
      "http://h/x?access_token=***&apiKey=***&X-Amz-Signature=***"
    ),
    ("http://h/x?token=a:b@c&z=1", "http://h/x?token=***&z=1"),
    ("http://h/x?a=1;token=abc#frag", "http://h/x?a=1;token=***"),
    ("http://h/x?monkey=1&tokens=2", "http://h/x?monkey=1&tokens=2"),
    ("srt://h:9000?passphrase=abc&mode=caller", "srt://h:9000?passphrase=***&mode=caller"),
    ("http://proxy/?u=rtsp://user:secret@h/", "http://proxy/?u=rtsp:***@h/"),
    ("rtsp://user:secret@\u{301}host/", "rtsp://user:***@\u{301}host/"),
    ("", ""), (":", ":"), ("@", "@"), ("://", "://"), ("?", "?"), ("//", "//"), ("a://:@", "a://:***@"),
  ])
  func `given a URL, when redacted, then its secrets are masked and the rest stays`(url: String, expected: String) {
    #expect(URLRedaction.redact(url) == expected)
  }

  @Test(arguments: [
    "/data/cam:1@home.mp4", "clips/a:b@c.mp4", "./a:b@c.mp4", "../x?token=1.mp4", "/x?key=1", "street.mp4",
    "/dev/video0",
    "file:///data/a:b@c.mp4", "a@b.mp4", "12:30.mp4", "pictures/%05d.png", "C:\\a.mp4",
  ])
  func `given a file path, when redacted, then it stays`(path: String) {
    #expect(URLRedaction.redact(path) == path)
  }

  @Test func `given a message that quotes a URL, when scrubbed, then no part of the secret stays`() {
    let url = "rtsp://user:p%40ss@host/x?token=abcdef"
    #expect(
      URLRedaction.scrub("cannot open \(url): bad password p@ss (abcdef)", of: url)
        == "cannot open rtsp://user:***@host/x?token=***: bad password *** (***)")
    #expect(URLRedaction.scrub("plain", of: "a.mp4") == "plain")
  }

  /// A marker inside the password shows any part of it that gets through.
  @Test func `given random passwords, when redacted in any place, then they never appear`() {
    var random = SeededRandom(seed: 4)
    let odd = Array("@/:#?%=[];\\".unicodeScalars)
    let letters =
      Array((0x20...0x7E).compactMap(Unicode.Scalar.init)) + ["é", "😀", "\u{301}", "\u{0}", "\n"] + odd + odd
    func word(without excluded: Unicode.Scalar? = nil) -> String {
      var text = ""
      for _ in 0..<Int.random(in: 0...8, using: &random) {
        let letter = letters.randomElement(using: &random) ?? "x"
        if letter != excluded { text.unicodeScalars.append(letter) }
      }
      return text
    }
    let marker = "Zq7"
    for _ in 0..<2000 {
      let password = word() + marker + word()
      // An '&' ends a query item, whatever was meant.
      let value = word(without: "&") + marker + word(without: "&")
      let urls = [
        "rtsp://user:\(password)@host:554/path?a=b", "rtsp://:\(password)@host",
        // With two slashes in front it would be a URL of the scheme `user`, and its user would have no password.
        "user:" + (password.hasPrefix("//") ? "x" : "") + "\(password)@host/path",
        "http://host/path?password=\(value)&x=1", "http://u:\(password)@host/?Token=\(value)",
        "http://host:80/a@b?x=1&secret=\(value)",
      ]
      for url in urls {
        let redacted = URLRedaction.redact(url)
        if redacted.contains(marker) { Issue.record("\(url.debugDescription) gave \(redacted.debugDescription)") }
      }
    }
  }

  @Test func `given garbage, when redacted, then nothing crashes and redacting again changes nothing of note`() {
    var random = SeededRandom(seed: 5)
    let pieces = [
      "rtsp", "://", "/", ":", "@", "?", "#", "&", "=", "[", "]", "%", "%4", "token", "a", "é", ".", ";", " ",
    ]
    for _ in 0..<1000 {
      let text = (0..<Int.random(in: 0...14, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
        .joined()
      let once = URLRedaction.redact(text)
      #expect(URLRedaction.redact(once) == once)
    }
  }
}

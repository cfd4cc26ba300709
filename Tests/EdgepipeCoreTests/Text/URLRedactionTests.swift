@testable import EdgepipeCore
import PipelineTestSupport
import Testing

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
    (
      "rtsp://h/user=admin&password=abc&channel=1&stream=0.sdp?real_stream",
      "rtsp://h/user=admin&password=***&channel=1&stream=0.sdp?real_stream"
    ),
    (
      "rtsp://h:554/user=admin_password=abc_channel=1_stream=0.sdp?real_stream",
      "rtsp://h:554/user=admin_password=***_channel=1_stream=0.sdp?real_stream"
    ),
    ("rtsp://h/user=admin_password=_channel=1_stream=0.sdp", "rtsp://h/user=admin_password=***_channel=1_stream=0.sdp"),
    ("rtsp://h/user=admin&password=a&b_c/d?e=f&channel=1", "rtsp://h/user=admin&password=***&channel=1"),
    ("rtsp://h/user=admin/password=abc/channel=1", "rtsp://h/user=admin/password=***/channel=1"),
    ("rtsp://h/user%3Dadmin%26password%3Dabc%26channel%3D1", "rtsp://h/user%3Dadmin%26password%3D***%26channel%3D1"),
    ("http://h/cam?loginuse=admin&loginpas=abc", "http://h/cam?loginuse=admin&loginpas=***"),
    ("http://h/x?usr=me&pas=abc&pwd=d&psw=e", "http://h/x?usr=me&pas=***&pwd=***&psw=***"),
    ("http://h/x?session=abc&sessionId=d&authbasic=e", "http://h/x?session=***&sessionId=***&authbasic=***"),
    ("http://h/live/token/abc/1.m3u8", "http://h/live/token/***/1.m3u8"),
    ("http://h/api?src=rtsp%3A%2F%2Fuser%3Aabc%40cam&x=1", "http://h/api?src=***&x=1"),
    ("srt://h:9000?streamid=read:cam:user:abc&mode=caller", "srt://h:9000?streamid=read:cam:user:***&mode=caller"),
    ("rtsp://h/cam/realmonitor?channel=1&subtype=0", "rtsp://h/cam/realmonitor?channel=1&subtype=0"),
    ("rtsp://h/user=admin&channel=1&stream=0.sdp?", "rtsp://h/user=admin&channel=1&stream=0.sdp?"),
    ("http://h/bypass/compass.mp4?author=me", "http://h/bypass/compass.mp4?author=me"),
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
    // A secret of a few letters does not mask what has nothing to do with it.
    #expect(
      URLRedaction.scrub("http://127.0.0.1/?u=admin:1@h failed with 401", of: "rtsp://admin:1@127.0.0.1/")
        == "http://127.0.0.1/?u=admin:***@h failed with 401")
  }

  /// A marker inside the password shows any part of it that gets through.
  @Test func `given random passwords, when redacted in any place, then they never appear`() {
    var random = SplitMix64(seed: 4)
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

  /// The secret holds every character that may stand in it as it is; a marker on both sides of each shows what gets
  /// through.
  @Test func `given every known form of a camera's address, when redacted or scrubbed, then its secret never appears`()
  {
    var random = SplitMix64(seed: 12)
    let odd = ["_", "-", ".", "~", "!", "$", "*", "%23", "%2F", "%3F", "%40", "%3A", "%25", "+", "", "9", "%C3%A4"]
    for _ in 0..<20 {
      let marker = "Zq\(Int.random(in: 10...99, using: &random))x"
      let secret = (0..<3).map { _ in marker + (odd.randomElement(using: &random) ?? "") }.joined()
      for url in SecretURLs.all(secret: secret, place: "10.0.0.5:554") {
        let redacted = URLRedaction.redact(url)
        #expect(!redacted.contains(marker), "\(url) gave \(redacted)")
        #expect(redacted.contains("***"))
        let said = URLRedaction.scrub("cannot open \(url) (401 for \(secret)), tried \(secret)", of: url)
        #expect(!said.contains(marker), "\(said)")
        #expect(URLRedaction.redact("--source=door=" + url).contains(marker) == false)
        #expect(URLRedaction.redact("camera.streams=[{\"id\":\"a\",\"url\":\"\(url)\"}]").contains(marker) == false)
        #expect(URLRedaction.redact(redacted) == redacted, "\(redacted)")
      }
    }
  }

  @Test func `given garbage, when redacted, then nothing crashes and redacting again changes nothing of note`() {
    var random = SplitMix64(seed: 5)
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

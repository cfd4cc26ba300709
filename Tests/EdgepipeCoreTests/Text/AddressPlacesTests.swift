@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@Suite struct AddressPlacesTests {
  private func expand(_ text: String, _ environment: [String: String]) throws -> String {
    try EnvironmentReferences.expand(text, environment: environment, place: "here")
  }

  @Test(arguments: [
    ("rtsp://admin:${PW}@cam/1", "rtsp://admin:a%23b%2Fc%3Fd%40e%3Af%25g%20%C3%A4&=@cam/1"),
    ("rtsp://${PW}:x@cam/1", "rtsp://a%23b%2Fc%3Fd%40e%3Af%25g%20%C3%A4&=:x@cam/1"),
    (
      "http://cam/x?user=me&pwd=${PW}&size=2",
      "http://cam/x?user=me&pwd=a%23b%2Fc%3Fd%40e%3Af%25g%20%C3%A4%26%3D&size=2"
    ),
    (
      "rtsp://cam/user=admin&password=${PW}&channel=1",
      "rtsp://cam/user=admin&password=a%23b%2Fc%3Fd%40e%3Af%25g%20%C3%A4%26%3D&channel=1"
    ),
    ("rtsp://cam/${PW}/1", "rtsp://cam/a%23b/c%3Fd@e:f%25g%20%C3%A4&=/1"),
    ("srt://cam:9000?passphrase=${PW}", "srt://cam:9000?passphrase=a%23b%2Fc%3Fd%40e%3Af%25g%20%C3%A4%26%3D"),
    ("rtsp://admin:pre${PW}post@cam/1", "rtsp://admin:prea%23b%2Fc%3Fd%40e%3Af%25g%20%C3%A4&=post@cam/1"),
  ])
  func `given a value in a URL, when put in, then it is encoded for its place`(text: String, expected: String) throws {
    #expect(try expand(text, ["PW": "a#b/c?d@e:f%g ä&="]) == expected)
  }

  @Test(arguments: [
    // The whole URL.
    ("${X}", "rtsp://a:b%23@h/x?y=1", "rtsp://a:b%23@h/x?y=1"),
    // `user:password` keeps its first colon.
    ("rtsp://${X}@cam/1", "me:a:b@c", "rtsp://me:a%3Ab%40c@cam/1"),
    ("rtsp://${X}@cam/1", "me", "rtsp://me@cam/1"),
    // Hosts, ports, everything behind the host, whole queries.
    ("rtsp://${X}/1", "10.0.0.5:554", "rtsp://10.0.0.5:554/1"),
    ("rtsp://${X}/1", "me:pw@[::1]:554", "rtsp://me:pw@[::1]:554/1"),
    ("rtsp://me:pw@${X}/1", "[::1]:554", "rtsp://me:pw@[::1]:554/1"),
    ("rtsp://cam/${X}", "cam/realmonitor?channel=1&subtype=0", "rtsp://cam/cam/realmonitor?channel=1&subtype=0"),
    ("http://cam/x?${X}", "user=me&pwd=a", "http://cam/x?user=me&pwd=a"),
    ("rtsp://cam/Streaming/${X}", "Channels/101", "rtsp://cam/Streaming/Channels/101"),
    // No URL.
    ("out/${X}", "a#b?c/d%e", "out/a#b?c/d%e"), ("file:///data/${X}", "a#b %1.mp4", "file:///data/a#b %1.mp4"),
    ("${X}", "a#b", "a#b"), ("x ://${X}@h", "a#b", "x ://a#b@h"), ("1://u:${X}@h", "a#b", "1://u:a#b@h"),
  ])
  func `given a value that stands for more, or in no URL, when put in, then it stays`(
    text: String, value: String, expected: String
  ) throws {
    #expect(try expand(text, ["X": value]) == expected)
  }

  @Test func `given two values, when put in, then each has its own place`() throws {
    let all = try expand("rtsp://${U}:${P}@${H}/s?token=${T}", ["U": "a@b", "P": "c/d", "H": "h:1", "T": "x&y"])
    #expect(all == "rtsp://a%40b:c%2Fd@h:1/s?token=x%26y")
    #expect(try expand("rtsp://a:$${${P}@h/", ["P": "#"]) == "rtsp://a:${%23@h/")
  }

  /// A reader that follows RFC 3986 finds every value again, and nothing beside it has moved.
  @Test func `given random values, when put in and read by Foundation, then they are there again`() throws {
    var random = SplitMix64(seed: 11)
    let letters = Array("ab1@/:#?%=[]&;+ \"'<>\\^`{|}~!$*(),.-_äß😀\n\t".unicodeScalars)
    for _ in 0..<500 {
      var value = ""
      for _ in 0..<Int.random(in: 1...12, using: &random) {
        value.unicodeScalars.append(letters.randomElement(using: &random) ?? "x")
      }
      let text = try expand("http://${V}:${V}@host:8080/live/user=a&password=${V}&x=1?pwd=${V}&y=2", ["V": value])
      let parts = try #require(URLComponents(string: text), "\(text)")
      #expect(parts.user == value && parts.password == value && parts.host == "host" && parts.port == 8080)
      #expect(parts.path == "/live/user=a&password=\(value)&x=1")
      #expect(parts.queryItems == [URLQueryItem(name: "pwd", value: value), URLQueryItem(name: "y", value: "2")])
      let pair = try #require(URLComponents(string: try expand("http://${V}@host/", ["V": "u:" + value])))
      #expect(pair.user == "u" && pair.password == value && pair.host == "host")
    }
  }
}

@testable import EdgepipeCore
import PipelineTestSupport
import Testing

@testable import Stages

struct ServerAnswerTests {
  @Test func givenRefusals_whenRead_thenTheLastInTheServersWords() {
    let answer = ServerAnswer(
      messages: "method DESCRIBE failed: 401 Unauthorized\nmethod SETUP failed: 453 Not Enough Bandwidth\n")
    #expect(answer.refusal == "453 Not Enough Bandwidth")
    #expect(ServerAnswer(messages: "HTTP error 503 Service Unavailable\n").refusal == "503 Service Unavailable")
    #expect(ServerAnswer(messages: "method PLAY failed: 454\n").refusal == "454")
  }

  @Test func givenAName_whenItDoesNotResolve_thenTheReasonWithoutTheName() {
    #expect(
      ServerAnswer(messages: "Failed to resolve hostname later.example: Name or service not known\n").unresolved
        == "Name or service not known")
    #expect(
      ServerAnswer(messages: "getaddrinfo(later.example, 554): Temporary failure in name resolution\n").unresolved
        == "Temporary failure in name resolution")
  }

  @Test func givenTheTransport_whenRead_thenWhetherPacketsCanComeTwice() {
    #expect(ServerAnswer(messages: "line='Transport: RTP/AVP/TCP;unicast;interleaved=0-1'\n").isInterleaved)
    #expect(!ServerAnswer(messages: "line='Transport: RTP/AVP;unicast;client_port=5000-5001'\n").isInterleaved)
  }

  // FFmpeg takes the last digest that is offered.
  @Test(
    arguments: [
      (["Digest realm=\"c\", nonce=\"1\", algorithm=\"SHA-256\""], "SHA-256"),
      (
        ["Digest realm=\"c\", nonce=\"1\", algorithm=MD5", "Digest realm=\"c\", algorithm=SHA-512-256, nonce=\"2\""],
        "SHA-512-256"
      ),
      (["Digest realm=\"c\", algorithm=SHA-256", "Digest realm=\"c\", algorithm=md5"], nil),
      (["Digest realm=\"c\", nonce=\"1\""], nil),
      (["Digest realm=\"c\", algorithm=MD5-sess"], nil),
      (["Basic realm=\"algorithm=SHA-256\""], nil),
    ] as [([String], String?)])
  func givenChallenges_whenRead_thenTheDigestThatIsNotKnown(challenges: [String], unknown: String?) {
    let lines = challenges.map { "line='WWW-Authenticate: \($0)'\n" }.joined()
    #expect(ServerAnswer(messages: lines).unknownDigest == unknown)
  }

  @Test func givenPartsOverHTTP_whenRead_thenKnown() {
    #expect(ServerAnswer(messages: "header='Content-Type: multipart/x-mixed-replace;boundary=x'\n").isMultipart)
    #expect(!ServerAnswer(messages: "header='Content-Type: text/html'\n").isMultipart)
  }

  // A server may answer anything: what is quoted stays one short line without control characters.
  @Test(arguments: [UInt64](1...50)) func givenAnyAnswer_whenRead_thenQuotedInOneLine(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let pieces = [
      "method ", " failed: ", "HTTP error ", "line='", "'", "WWW-Authenticate: Digest ", "algorithm=", "\"", "\r",
      "\u{1B}[31m", "é", "\u{9B}", ": ", "getaddrinfo(", "\n", "\0",
    ]
    for _ in 0..<200 {
      var text = ""
      for _ in 0..<Int.random(in: 0..<60, using: &random) { text += pieces.randomElement(using: &random) ?? "" }
      let answer = ServerAnswer(messages: "method SETUP failed: " + text)
      for words in [answer.refusal, answer.unresolved, answer.digest].compactMap({ $0 }) {
        #expect(
          words.count <= 120
            && words.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) })
      }
    }
  }
}

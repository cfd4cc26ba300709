import Testing

@testable import Measure

@Suite("Markup")
struct MarkupTests {
  @Test("given text from outside, when interpolated, then it is text, in elements and in attributes")
  func escapes() {
    let name = "<b title='a' & \"b\">"
    let markup: Markup = "<p title=\"\(name)\">\(name)</p>"
    let safe = "&lt;b title=&#39;a&#39; &amp; &quot;b&quot;&gt;"
    #expect(markup.text == "<p title=\"\(safe)\">\(safe)</p>")
  }

  @Test("given markup, when interpolated, then it stays markup, and nothing is escaped twice")
  func nests() {
    let inner: Markup = "<b>\("a & b")</b>"
    let outer: Markup = "<p>\(inner)\([inner, inner]) \(3) \(1.5)</p>"
    #expect(outer.text == "<p><b>a &amp; b</b><b>a &amp; b</b><b>a &amp; b</b> 3 1.5</p>")
  }

  @Test("given characters that XML does not allow, when interpolated, then they are replaced")
  func controls() {
    #expect(
      Markup.escaped("a\u{0}b\u{1B}c\u{85}d\u{FFFE}e\u{1FFFF}f") == "a\u{FFFD}b\u{FFFD}c\u{FFFD}d\u{FFFD}e\u{FFFD}f")
    #expect(Markup.escaped("a\tb\nc\rd") == "a b c d")
    #expect(Markup.escaped("Kamera für 東京 🎥") == "Kamera für 東京 🎥")
  }
}

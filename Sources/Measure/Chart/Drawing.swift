/// A drawing in an SVG file of its own, in dark colours on white, with its title above it.
struct Drawing {
  /// Pixels, of the whole.
  let width: Double
  let height: Double
  /// Where the title begins.
  let left: Double
  let title: String
  /// What is shown, in words and numbers, for those who do not see it.
  let description: String

  /// The text of the file.
  func text(_ content: Markup) -> String {
    let drawing: Markup = """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" \
      font-family="system-ui, sans-serif" font-size="13" fill="#222" role="img" aria-labelledby="title desc">
      <title id="title">\(title)</title>
      <desc id="desc">\(description)</desc>
      <rect width="100%" height="100%" fill="#fff"/>
      <text x="\(left)" y="32" font-size="16">\(title)</text>\(content)
      </svg>

      """
    return drawing.text
  }
}

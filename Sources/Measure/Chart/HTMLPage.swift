/// A page in one file: no scripts, and nothing is loaded from elsewhere.
///
/// The text is HTML and well-formed XML at once. Light or dark is as the reader's system says; on paper it is light.
struct HTMLPage: Sendable {
  var title: String
  /// CSS beside that of the charts; a literal of the source code.
  var style: StaticString
  var body: Markup

  init(title: String, style: StaticString, body: Markup) {
    self.title = title
    self.style = style
    self.body = body
  }

  /// Forbids what the page does not need, in case that anything that is not ours got in.
  static let policy: Markup =
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>"

  var text: String {
    let sheet = Markup(stylesheet: Self.colors + "\n" + ChartStyle.css + "\n" + style.description)
    let page: Markup = """
      <!DOCTYPE html>
      <html lang="en" xmlns="http://www.w3.org/1999/xhtml">
      <head>
      <meta charset="utf-8"/>
      \(Self.policy)
      <meta name="viewport" content="width=device-width, initial-scale=1"/>
      <meta name="color-scheme" content="light dark"/>
      <title>\(title)</title>
      <style>
      \(sheet)
      </style>
      </head>
      <body>
      \(body)
      </body>
      </html>

      """
    return page.text
  }

  private static let colors = """
    :root { color-scheme: light dark; \(Palette.light.variables) }
    @media screen and (prefers-color-scheme: dark) { :root { \(Palette.dark.variables) } }
    @media print { :root { --bg: #ffffff; color-scheme: light; print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
    """
}

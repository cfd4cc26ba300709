import EdgepipeCore

/// The page of a profile: one file that needs no network and no script.
package struct ProfilePage: Sendable {
  private let content: ProfileContent

  package init(_ content: ProfileContent) { self.content = content }

  package var html: String {
    let title = content.pipeline.isEmpty ? "a pipeline without a name" : Figure.clipped(content.pipeline, 120)
    return HTMLPage(title: "\(title) · edgepipe profile", style: Self.style, body: body(title)).text
  }

  private func body(_ title: String) -> Markup {
    """
    <header>
    <p class="kicker">edgepipe profile</p>
    <h1>\(title)</h1>
    <p class="meta">\(facts)</p>
    </header>
    <main>
    \(HeadlineSection(content: content).markup)
    \(bottleneck)
    <div class="columns">
    \(LatencySection(content: content).markup)
    \(UtilisationSection(content: content).markup)
    \(SplitSection(content: content).markup)
    </div>
    \(TimelineSection(content: content).markup)
    \(StageTableSection(content: content).markup)
    \(StreamTableSection(content: content).markup)
    \(notes)
    </main>
    """
  }

  /// Characters of a sentence from outside.
  private static let sentence = 400

  private var facts: Markup {
    let engines = content.engines.isEmpty ? ["no inference engine"] : content.engines
    let facts = [Figure.duration(content.wallS), started, content.machine] + engines + ["edgepipe \(content.version)"]
    return .joined(facts.filter { !$0.isEmpty }.map { "<span>\(Figure.clipped($0, 120))</span> " })
  }

  /// `2026-01-12 09:30:04 UTC`; what does not look like a time in UTC is left as it is.
  private var started: String {
    let pattern = /(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(\.\d+)?Z/
    guard let match = content.startedAt.wholeMatch(of: pattern) else { return content.startedAt }
    return "\(match.1) \(match.2) UTC"
  }

  private var bottleneck: Markup {
    let details = content.bottleneck.details.map { detail -> Markup in
      "<li>\(Figure.clipped(detail, Self.sentence))</li>"
    }
    let list: Markup = details.isEmpty ? .empty : "<ul>\(details)</ul>"
    return """
      <section class="bottleneck" aria-labelledby="bottleneck">
      <h2 id="bottleneck">Bottleneck</h2>
      <p class="verdict">\(Figure.clipped(content.bottleneck.headline, Self.sentence))</p>
      \(list)
      </section>
      """
  }

  private var notes: Markup {
    guard !content.notes.isEmpty else { return .empty }
    let list = content.notes.map { note -> Markup in "<li>\(Figure.clipped(note, Self.sentence))</li>" }
    return """
      <section class="notes" aria-labelledby="notes">
      <h2 id="notes">Not measured</h2>
      <ul>\(list)</ul>
      </section>
      """
  }
}

public import Foundation

/// Chromium without a window: what becomes of a page when it is shown.
public enum Browser {
  /// Nil where it is not installed.
  public static let program: URL? = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
    .map { URL(fileURLWithPath: $0) }.first { FileManager.default.isExecutableFile(atPath: $0.path) }

  public static let needs = "needs Chromium: scripts/setup --tests"

  /// How one page came out at one width. Lengths are CSS pixels.
  public struct Layout: Decodable, Sendable {
    public let page: Int
    /// Of the window, and of what is in it: more than the window's where the page scrolls sideways.
    public let width: Double
    public let contentWidth: Double
    public let title: String
    /// `rgb(252, 252, 251)`.
    public let background: String
    /// Titles of drawings with a role, and of those among them without extent.
    public let charts: [String]
    public let emptyCharts: [String]
    /// Texts of drawings that are cut off at the edge of their box, and pairs that cover each other.
    public let cutTexts: [String]
    public let coveredTexts: [String]
  }

  public struct Visit: Sendable {
    /// A layout for each page at each width.
    public let layouts: [Layout]
    /// Everything on the browser's console: errors, and what the page's policy forbade.
    public let console: [String]
  }

  /// Why there is no ``Visit``.
  public struct Failure: Error, CustomStringConvertible {
    public let description: String
  }

  /// Shows each page in a frame of each width, all beside each other in one window; the pages themselves stay as they are.
  public static func visit(_ pages: [String], widths: [Int], isDark: Bool = false) throws -> Visit {
    let folder = try TestData.temporaryFolder("browser")
    defer { try? FileManager.default.removeItem(at: folder) }
    let frames = pages.enumerated().flatMap { index, page in
      widths.map {
        "<iframe data-page=\"\(index)\" width=\"\($0)\" height=\"900\" srcdoc=\"\(attribute(page))\"></iframe>"
      }
    }
    let wrapper = folder.appendingPathComponent("wrapper.html")
    try """
    <!DOCTYPE html><meta charset="utf-8"><style>iframe { border: 0 }</style>\(frames.joined())
    <pre id="result"></pre><script>\(probe)</script>
    """.write(to: wrapper, atomically: true, encoding: .utf8)
    let (output, errors) = try run(
      ["--blink-settings=preferredColorScheme=\(isDark ? 0 : 1)", "--dump-dom", wrapper.absoluteString], in: folder)
    // The probe writes base64, which the serialized document cannot change.
    guard let start = output.range(of: "<pre id=\"result\">"),
      let end = output.range(of: "</pre>", range: start.upperBound..<output.endIndex),
      let json = Data(base64Encoded: String(output[start.upperBound..<end.lowerBound])), !json.isEmpty
    else { throw Failure(description: "the browser gave no result: \(output.suffix(300)) \(errors.suffix(2000))") }
    // Pages of the browser itself complain where the machine is slow.
    let console = errors.split(separator: "\n").filter { $0.contains("CONSOLE") && !$0.contains("source: chrome://") }
      .map(String.init)
    return Visit(layouts: try JSONDecoder().decode([Layout].self, from: json), console: console)
  }

  /// What became of a film when it was played.
  public struct Playback: Decodable, Sendable {
    /// How far it was played, in seconds.
    public let time: Double
    public let width: Int
    public let height: Int
    /// Why it does not play.
    public let error: String?
  }

  /// Plays a film until half a second of it was shown, or it is refused.
  public static func play(_ film: URL) throws -> Playback {
    guard let program else { throw Failure(description: needs) }
    let folder = try TestData.temporaryFolder("browser")
    defer { try? FileManager.default.removeItem(at: folder) }
    let page = folder.appendingPathComponent("page.html")
    try """
    <!DOCTYPE html><meta charset="utf-8"><video muted src="\(attribute(film.absoluteString))"></video><script>
    const video = document.querySelector("video");
    const say = () => console.log("playback:" + btoa(JSON.stringify({ time: video.currentTime, width: video.videoWidth,
      height: video.videoHeight, error: video.error && String(video.error.message || video.error.code) })) + ":");
    video.ontimeupdate = () => { if (video.currentTime > 0.5) say(); };
    video.onerror = say;
    video.play().catch(() => {});
    </script>
    """.write(to: page, atomically: true, encoding: .utf8)
    let process = Process(), pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
    process.arguments =
      ["--kill-after=5", "240", program.path]
      + plain(in: folder) + [
        "--enable-logging=stderr", "--autoplay-policy=no-user-gesture-required", page.absoluteString,
      ]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = pipe
    try process.run()
    defer { end(process) }
    var text = ""
    while true {
      let more = pipe.fileHandleForReading.readSome()
      if more.isEmpty { throw Failure(description: "the browser played nothing: \(text.suffix(2000))") }
      text += String(decoding: more, as: UTF8.self)
      guard let start = text.range(of: "playback:"),
        let end = text.range(of: ":", range: start.upperBound..<text.endIndex),
        let json = Data(base64Encoded: String(text[start.upperBound..<end.lowerBound]))
      else { continue }
      return try JSONDecoder().decode(Playback.self, from: json)
    }
  }

  /// Shows a page until `body`, which waits for what the page does, is done; videos play without a click.
  public static func show<Result>(_ address: String, until body: () throws -> Result) throws -> Result {
    guard let program else { throw Failure(description: needs) }
    let folder = try TestData.temporaryFolder("browser")
    defer { try? FileManager.default.removeItem(at: folder) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
    process.arguments =
      ["--kill-after=5", "240", program.path] + plain(in: folder) + [
        "--autoplay-policy=no-user-gesture-required", "--remote-debugging-port=0", address,
      ]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    defer { end(process) }
    return try body()
  }

  /// Ends `timeout` and the browser, which are one process group. A gentler signal may be blocked, since children have the
  /// mask of the thread that starts them.
  private static func end(_ process: Process) {
    kill(-process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// A window that nobody sees, without what a browser does beside showing a page.
  private static func plain(in folder: URL) -> [String] {
    [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
      "--disable-extensions",
      "--disable-background-networking", "--user-data-dir=\(folder.appendingPathComponent("profile").path)",
    ]
  }

  private static func run(_ arguments: [String], in folder: URL) throws -> (output: String, errors: String) {
    guard let program else { throw Failure(description: needs) }
    let log = folder.appendingPathComponent("stderr")
    try Data().write(to: log)
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
    process.arguments =
      ["--kill-after=5", "240", program.path] + plain(in: folder) + [
        "--enable-logging=stderr", "--window-size=1400,1000", "--virtual-time-budget=5000",
      ] + arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = pipe
    process.standardError = try FileHandle(forWritingTo: log)
    try process.run()
    let output = pipe.fileHandleForReading.readAll()
    process.waitUntilExit()
    let errors = String(decoding: (try? Data(contentsOf: log)) ?? Data(), as: UTF8.self)
    guard process.terminationStatus == 0 else {
      throw Failure(description: "the browser ended with \(process.terminationStatus): \(errors.suffix(2000))")
    }
    return (String(decoding: output, as: UTF8.self), errors)
  }

  private static func attribute(_ page: String) -> String {
    page.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "\"", with: "&quot;")
  }

  /// Measures each frame when all have loaded. Half a pixel is rounding, and a text's box is higher than its letters.
  private static let probe = """
    const overlap = (start, end, otherStart, otherEnd) => Math.min(end, otherEnd) - Math.max(start, otherStart);
    const covers = (a, b) =>
      overlap(a.left, a.right, b.left, b.right) > 0.5 && overlap(a.top, a.bottom, b.top, b.bottom) > 3;
    window.onload = () => {
      const result = [...document.querySelectorAll("iframe")].map(frame => {
        const page = frame.contentDocument, root = page.documentElement;
        const box = element => element.getBoundingClientRect();
        const charts = [...page.querySelectorAll("svg[role=img]")], name = chart => chart.querySelector("title").textContent;
        const cut = [], covered = [];
        for (const chart of charts) {
          const texts = [...chart.querySelectorAll("text")].filter(text => text.textContent), room = box(chart.parentElement);
          for (const [index, text] of texts.entries()) {
            const own = box(text);
            if (own.left < room.left - 0.5 || own.right > room.right + 0.5) cut.push(text.textContent);
            for (const other of texts.slice(index + 1))
              if (covers(own, box(other))) covered.push(name(chart) + ": " + text.textContent + " / " + other.textContent);
          }
        }
        return {
          page: Number(frame.dataset.page), width: frame.contentWindow.innerWidth, contentWidth: root.scrollWidth,
          title: page.title, background: getComputedStyle(page.body).backgroundColor, charts: charts.map(name),
          emptyCharts: charts.filter(chart => !(box(chart).width > 0 && box(chart).height > 0)).map(name),
          cutTexts: cut, coveredTexts: covered,
        };
      });
      const bytes = new TextEncoder().encode(JSON.stringify(result));
      document.getElementById("result").textContent = btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(""));
    };
    """
}

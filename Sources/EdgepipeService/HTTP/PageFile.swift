#if WebServer
  import EdgepipeCore
  import Foundation

  /// A file of the live page, which is in the program.
  struct PageFile: Sendable {
    let bytes: [UInt8]
    let type: String
    /// Changes with what is in it.
    let tag: String

    private init(_ bytes: [UInt8], _ type: String) {
      (self.bytes, self.type) = (bytes, type)
      tag = "\"\(FileHash.sha256(of: Data(bytes)).prefix(32))\""
    }

    private static func script(_ bytes: [UInt8]) -> PageFile { PageFile(bytes, "text/javascript; charset=utf-8") }
    private static func style(_ bytes: [UInt8]) -> PageFile { PageFile(bytes, "text/css; charset=utf-8") }

    static let index = PageFile(PackageResources.index_html, "text/html; charset=utf-8")

    /// By the names under which the page asks for them.
    static let all: [String: PageFile] = [
      "api.js": .script(PackageResources.api_js),
      "app.js": .script(PackageResources.app_js),
      "base.css": .style(PackageResources.base_css),
      "camera.js": .script(PackageResources.camera_js),
      "cameras.js": .script(PackageResources.cameras_js),
      "controls.js": .script(PackageResources.controls_js),
      "dom.js": .script(PackageResources.dom_js),
      "eventlist.js": .script(PackageResources.eventlist_js),
      "events.js": .script(PackageResources.events_js),
      "figures.js": .script(PackageResources.figures_js),
      "format.js": .script(PackageResources.format_js),
      "graph.js": .script(PackageResources.graph_js),
      "happenings.js": .script(PackageResources.happenings_js),
      "icon.svg": PageFile(PackageResources.icon_svg, "image/svg+xml"),
      "layout.css": .style(PackageResources.layout_css),
      "ledger.js": .script(PackageResources.ledger_js),
      "live.js": .script(PackageResources.live_js),
      "multipart.js": .script(PackageResources.multipart_js),
      "options.js": .script(PackageResources.options_js),
      "parts.css": .style(PackageResources.parts_css),
      "pictures.js": .script(PackageResources.pictures_js),
      "pipelines.js": .script(PackageResources.pipelines_js),
      "player.js": .script(PackageResources.player_js),
      "recordings.js": .script(PackageResources.recordings_js),
      "session.js": .script(PackageResources.session_js),
      "shapeeditor.js": .script(PackageResources.shapeeditor_js),
      "shapes.js": .script(PackageResources.shapes_js),
      "sparkline.js": .script(PackageResources.sparkline_js),
      "store.js": .script(PackageResources.store_js),
      "streamtable.js": .script(PackageResources.streamtable_js),
    ]
  }
#endif

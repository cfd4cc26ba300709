import Foundation
import PipelineTestSupport
import Testing

@testable import Monitoring

@Suite("Dashboard, alert rules and documents")
struct DeployTests {
  private static func text(_ path: String) throws -> String {
    try String(contentsOf: TestData.packageRoot.appendingPathComponent(path), encoding: .utf8)
  }

  /// The names of series that the page exports.
  private static let exported = Set(
    Metric.all.flatMap { metric in
      metric.kind == .histogram ? ["_bucket", "_sum", "_count"].map { metric.name + $0 } : [metric.name]
    })

  @Test(
    "given the dashboard and the rules, when they name a metric, then the page exports it",
    arguments: ["grafana-dashboard.json", "edgepipe-alerts.yml", "edgepipe-alerts-test.yml"])
  func names(file: String) throws {
    let text = try Self.text("deploy/monitoring/\(file)")
    let named = Set(text.matches(of: /\b(edgepipe|process)_[a-z_]+/).map { String($0.0) })
    #expect(named.count >= 10)
    #expect(named.subtracting(Self.exported).sorted() == [])
  }

  @Test("given docs/monitoring.md, when compared with the page, then each metric is there by type and labels, no other")
  func documents() throws {
    let text = try Self.text("docs/monitoring.md")
    var documented: [String: String] = [:]
    for row in text.matches(of: /(?m)^\| `((?:edgepipe|process)_\w+)` \| (\w+) \|([^|]*)\|/) {
      let labels = row.3.matches(of: /`(\w+)`/).map { String($0.1) }
      #expect(documented.updateValue("\(row.2) \(labels)", forKey: String(row.1)) == nil, "\(row.1) stands there twice")
    }
    let real = Metric.all.map { ($0.name, "\($0.kind.rawValue) \($0.labels)") }
    #expect(documented == Dictionary(uniqueKeysWithValues: real))
  }

  @Test("given docs/monitoring.md, when compared with the rules, then it explains each alert, and no other")
  func alerts() throws {
    let rules = try Self.text("deploy/monitoring/edgepipe-alerts.yml"), text = try Self.text("docs/monitoring.md")
    let alerts = Set(rules.matches(of: /- alert: (\w+)/).map { String($0.1) })
    let explained = Set(text.matches(of: /(?m)^\| `(Edgepipe\w+)` \|/).map { String($0.1) })
    #expect(alerts.count >= 10)
    #expect(explained == alerts)
  }

  @Test("given the dashboard, when read, then panels have their own places, and queries the chosen data source and job")
  func dashboard() throws {
    let data = Data(try Self.text("deploy/monitoring/grafana-dashboard.json").utf8)
    let dashboard = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(dashboard["schemaVersion"] is Int && dashboard["uid"] as? String == "edgepipe")
    #expect(dashboard["id"] is NSNull, "a number would be another dashboard's")
    let variables = (dashboard["templating"] as? [String: Any])?["list"] as? [[String: Any]] ?? []
    #expect(variables.first?["type"] as? String == "datasource")
    let panels = try #require(dashboard["panels"] as? [[String: Any]])
    var places = Set<[Int]>()
    for panel in panels {
      let title = panel["title"] as? String ?? ""
      #expect(!title.isEmpty)
      let grid = try #require(panel["gridPos"] as? [String: Int])
      let (x, y, w, h) = (grid["x"] ?? -1, grid["y"] ?? -1, grid["w"] ?? 0, grid["h"] ?? 0)
      #expect(x >= 0 && w > 0 && h > 0 && x + w <= 24, "\(title)")
      for column in x..<(x + w) {
        for row in y..<(y + h) { #expect(places.insert([column, row]).inserted, "\(title) lies on another panel") }
      }
      guard panel["type"] as? String != "row" else { continue }
      #expect((panel["datasource"] as? [String: Any])?["uid"] as? String == "${datasource}", "\(title)")
      let targets = try #require(panel["targets"] as? [[String: Any]], "\(title)")
      #expect(Set(targets.compactMap { $0["refId"] as? String }).count == targets.count && !targets.isEmpty, "\(title)")
      for target in targets {
        #expect((target["datasource"] as? [String: Any])?["uid"] as? String == "${datasource}", "\(title)")
        let query = target["expr"] as? String ?? ""
        #expect(query.contains(#"job="edgepipe", instance=~"$instance""#), "\(title)")
      }
    }
    #expect(Set(panels.compactMap { $0["id"] as? Int }).count == panels.count)
  }

  @Test(
    "given promtool, when it checks and tests the rules, the queries and the configuration, then it has no complaint",
    .enabled(if: TestData.promtool != nil, "needs promtool: scripts/setup --tests"))
  func promtool() throws {
    let result = try TestData.run(TestData.packageRoot.appendingPathComponent("scripts/check-monitoring"), [])
    #expect(result.status == 0, "\(String(decoding: result.output, as: UTF8.self))")
  }

  @Test(
    "given a page, when promtool checks it, then it has no complaint",
    .enabled(if: TestData.promtool != nil, "needs promtool: scripts/setup --tests"))
  func lint() throws {
    let fixture = try MonitoringFixture()
    let page = MetricsPage(version: "1.2.3", pipeline: "fixture", snapshot: fixture.snapshot).text()
    try Promtool.check(page)
  }
}

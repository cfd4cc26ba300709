public import EdgepipeCore
public import Foundation

extension PipelineConfig {
  /// Reads and checks a pipeline file. No stage is made and nothing that the file names is opened.
  /// - Parameters:
  ///   - file: shown in errors as it is given; `-` is standard input, and a pipe will do.
  ///   - overrides: applied before the checks, so that they are checked as the file is.
  ///   - environment: where `${NAME}` takes its values from.
  /// - Throws: everything that is wrong, at once; `code` is `notFound` when the file cannot be read, else
  ///   `invalidConfiguration`.
  public static func load(
    file: String, registry: StageRegistry, overrides: PipelineOverrides = PipelineOverrides(),
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(ConfigErrors) -> PipelineConfig {
    try load(
      bytes: ConfigFile.read(file), file: ConfigFile.shown(file), registry: registry, overrides: overrides,
      environment: environment)
  }

  /// As `load(file:)`, from a text; `file` is what errors call it.
  public static func load(
    text: String, file: String, registry: StageRegistry, overrides: PipelineOverrides = PipelineOverrides(),
    environment: [String: String] = [:]
  ) throws(ConfigErrors) -> PipelineConfig {
    try load(
      bytes: Array(text.utf8), file: file, registry: registry, overrides: overrides, environment: environment)
  }

  static func load(
    bytes: [UInt8], file: String, registry: StageRegistry, overrides: PipelineOverrides,
    environment: [String: String]
  ) throws(ConfigErrors) -> PipelineConfig {
    var issues = IssueCollector(file: file, overrideNames: overrides.names)
    guard var root = JSONParser.parse(bytes, issues: &issues) else {
      throw issues.errors ?? ConfigErrors(issues: [ConfigIssue(file: file, message: "not JSON")])
    }
    let registry = registry.including(root["plugins"], environment: environment, issues: &issues)
    overrides.apply(to: &root, registry: registry, issues: &issues)
    EnvironmentExpansion(environment: environment).expand(&root, path: "", issues: &issues)
    PipelineSchema.file.validate(root, path: "", issues: &issues)
    checkName(root["name"], issues: &issues)
    checkBudget(root["budget"], issues: &issues)

    let nodes = root["stages"]?.elements ?? []
    // Past that number the schema has complained, and the rest is not worth the time.
    for (index, node) in nodes.prefix(PipelineSchema.maximumStages).enumerated() {
      StageCheck(node: node, path: "stages[\(index)]", registry: registry).run(issues: &issues)
    }
    if (1...PipelineSchema.maximumStages).contains(nodes.count), let origin = root["stages"]?.origin {
      GraphValidation(stages: nodes, registry: registry).check(stagesOrigin: origin, issues: &issues)
    }
    if let errors = issues.errors { throw errors }
    return PipelineConfig(checked: root, file: file, registry: registry, overrideNames: overrides.names)
  }

  private static func checkBudget(_ node: JSONNode?, issues: inout IssueCollector) {
    guard let enforce = node?["enforce"], enforce.bool == true, node?["powerW"] == nil else { return }
    issues.add("there is nothing to enforce; add 'powerW'", at: enforce.origin, path: "budget.enforce")
  }

  static let longestName = 100

  /// The name may become part of file names.
  private static func checkName(_ node: JSONNode?, issues: inout IssueCollector) {
    guard let node, let name = node.string else { return }
    let isGood =
      (1...longestName).contains(name.unicodeScalars.count)
      && name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F && $0 != "/" }
    if !isGood {
      issues.add(
        "expected 1 to \(longestName) characters, no '/' and no control characters", at: node.origin, path: "name")
    }
  }

  /// Takes the values out of a document in which nothing is wrong.
  private init(checked root: JSONNode, file: String, registry: StageRegistry, overrideNames: [String]) {
    self.version = root["version"]?.integer ?? PipelineSchema.version
    self.name = root["name"]?.string ?? Self.name(ofFile: file)
    self.budget = Budget(
      deadlineMs: root["budget"]?["deadlineMs"]?.number, powerW: root["budget"]?["powerW"]?.number,
      enforce: root["budget"]?["enforce"]?.bool ?? false)
    self.budget.memoryMB = root["budget"]?["memoryMB"]?.number
    self.framesInFlight = root["framesInFlight"]?.integer
    let plugins = root["plugins"]?.elements?.compactMap(\.string) ?? []
    self.plugins = plugins
    self.file = file
    self.overrideNames = overrideNames
    self.stages = (root["stages"]?.elements ?? []).enumerated().map { index, node in
      let type = node["type"]?.string ?? ""
      var settings = StageSettings(
        id: node["id"]?.string ?? "", type: type, role: registry[type]?.role ?? .transform,
        schema: registry[type]?.schema ?? ObjectSchema([]),
        after: node["after"]?.elements?.compactMap(\.string) ?? [],
        workers: node["workers"]?.integer ?? 1,
        queue: QueueSettings(
          capacity: node["queue"]?["capacity"]?.integer,
          overflow: node["queue"]?["overflow"]?.string.flatMap(OverflowPolicy.init(rawValue:))),
        // Complaints about a config that is not there belong to the stage.
        config: node["config"] ?? JSONNode(.object([]), origin: node.origin), index: index)
      settings.descriptor = plugins.isEmpty ? nil : registry[type]
      if let required = node["requires"]?.string.flatMap(StageRequirement.init(rawValue:)) {
        settings.requirements = [required]
      }
      return settings
    }
  }
}

extension StageRegistry {
  /// The same with the stage types of the plugins that a file names. They are needed before overrides are applied, and the
  /// environment's values after them; so the paths are expanded here for this alone.
  fileprivate func including(
    _ plugins: JSONNode?, environment: [String: String], issues: inout IssueCollector
  ) -> StageRegistry {
    guard var paths = plugins else { return self }
    var unread = IssueCollector(file: "")
    EnvironmentExpansion(environment: environment).expand(&paths, path: "plugins", issues: &unread)
    let elements = (paths.elements ?? []).prefix(PipelineSchema.maximumPlugins)
    let (registry, problems) = including(elements.compactMap(\.string))
    for problem in problems {
      let index = elements.firstIndex { $0.string == problem.path } ?? 0
      issues.add("\(problem.error)", at: elements[index].origin, path: "plugins[\(index)]")
    }
    return registry
  }
}

extension PipelineConfig {
  /// Whether `file` can be read only once: standard input or a pipe.
  public static func isPiped(_ file: String) -> Bool { ConfigFile.isPiped(file) }

  /// What reports call a pipeline that does not say its name. Standard input and descriptors have none.
  private static func name(ofFile file: String) -> String {
    let isUnnamed = file == ConfigFile.shown("-") || file.hasPrefix("/dev/") || file.hasPrefix("/proc/")
    return isUnnamed ? "pipeline" : URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent
  }
}

/// The checks of one stage that need its type: the rest is in the schema of the file.
private struct StageCheck {
  let node: JSONNode
  let path: String
  let registry: StageRegistry

  func run(issues: inout IssueCollector) {
    checkID(issues: &issues)
    guard let typeNode = node["type"], let type = typeNode.string else { return }
    guard let descriptor = registry[type] else {
      let known = registry.all.map(\.type)
      return issues.add(
        "unknown stage type \(typeNode.quoted)", at: typeNode.origin, path: path + ".type",
        suggestion: typeNode.original == nil ? NearestName.suggestion(for: type, among: known) : nil,
        note: "known types: " + known.joined(separator: ", "))
    }
    let maximum = max(1, descriptor.maximumWorkers)
    if let workers = node["workers"], let count = workers.integer, count > maximum, count <= 64 {
      let reason = maximum == 1 ? "needs its frames in order and takes 1 worker" : "takes at most \(maximum) workers"
      issues.add("\(type) \(reason), found \(count)", at: workers.origin, path: path + ".workers")
    }
    if let config = node["config"] {
      // A config that is no object was reported with the stage's own keys.
      if config.members != nil { descriptor.schema.validate(config, path: path + ".config", issues: &issues) }
    } else {
      descriptor.schema.validate(JSONNode(.object([]), origin: node.origin), path: path + ".config", issues: &issues)
    }
  }

  private func checkID(issues: inout IssueCollector) {
    guard let id = node["id"], let text = id.string else { return }
    let isGood =
      (1...32).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case "a"..."z", "A"..."Z", "0"..."9", "_", "-": true
        default: false
        }
      }
    if !isGood {
      issues.add(
        "\(id.quoted) is not a stage id; expected 1 to 32 letters, digits, '-' or '_'", at: id.origin,
        path: path + ".id")
    }
  }
}

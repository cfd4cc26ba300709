import EdgepipeCore
import EdgepipePluginHost
import Foundation
package import Pipeline

/// Finds plugins, and makes stage types of them for the registry.
package struct PluginStages: StageFinding {
  private let folders: PluginFolders
  /// The program's own stage types, which no plugin replaces.
  private let reserved: Set<String>

  /// - Parameter registry: with the program's own stage types.
  package init(_ registry: StageRegistry, folders: PluginFolders = PluginFolders()) {
    self.folders = folders
    reserved = Set(registry.all.map(\.type))
  }

  static let noPlugin = PipelineError("a plugin's stage is made of a plugin", code: .internalFault)

  package func stages(at paths: [String]) -> FoundStages {
    let catalog = folders.catalog(with: paths)
    var descriptors: [StageDescriptor] = []
    var seen: Set<String> = []
    var problems = catalog.problems.filter { paths.contains($0.path) }.map { ($0.path, $0.error) }
    for plugin in catalog.plugins {
      for type in plugin.manifest.types where seen.insert(type.facts.type).inserted {
        let name = type.facts.type
        guard !reserved.contains(name) else {
          if let path = paths.first(where: { plugin.folder.hasPrefix(Self.real($0)) }) {
            problems.append((path, Self.taken(name, plugin)))
          }
          continue
        }
        descriptors.append(Self.descriptor(type, of: catalog.plugins(of: name)))
      }
    }
    return FoundStages(descriptors: descriptors, problems: problems)
  }

  /// - Parameter plugins: those that have the type: one, or several that are in each other's way.
  private static func descriptor(_ type: PluginManifest.StageType, of plugins: [FoundPlugin]) -> StageDescriptor {
    let facts = type.facts
    return StageDescriptor(
      type: facts.type, summary: facts.summary, role: StageRole(facts.role), maximumWorkers: facts.maximumWorkers,
      needsImage: facts.flags.contains(.needsPicture),
      schema: ObjectSchema(type.schema.properties + [PluginOptions.property])
    ) { data, context in
      guard plugins.count == 1, let plugin = plugins.first else { throw ambiguous(facts.type, plugins) }
      let configuration = try JSONDecoder().decode(PluginConfiguration.self, from: data)
      let start = try PluginStart(plugin, type, configuration, context)
      switch facts.role {
      case .source: return PluginSource(start)
      case .transform: return PluginTransform(start)
      case .sink: return PluginSink(start)
      }
    }
  }

  private static func real(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }

  private static func taken(_ type: String, _ plugin: FoundPlugin) -> PipelineError {
    PipelineError(
      "the plugin '\(plugin.manifest.name)' in '\(plugin.folder)' has the stage type '\(type)', which is the program's own",
      remedy: "its author has to choose another name", code: .alreadyExists)
  }

  private static func ambiguous(_ type: String, _ plugins: [FoundPlugin]) -> PipelineError {
    let names = plugins.map { "'\($0.title)' in '\($0.folder)'" }.joined(separator: " and ")
    return PipelineError(
      "two plugins have the stage type '\(type)': \(names)", remedy: "remove one of them from the folders of plugins",
      code: .invalidConfiguration)
  }
}

extension StageRole {
  fileprivate init(_ role: PluginTypeFacts.Role) {
    switch role {
    case .source: self = .source
    case .transform: self = .transform
    case .sink: self = .sink
    }
  }
}

extension PluginStart {
  var interface: StageInterface {
    var interface = StageInterface()
    let flags = type.facts.flags
    interface.needsDetections = flags.contains(.needsDetections)
    interface.needsTracks = flags.contains(.needsTracks)
    if flags.contains(.detects) { interface.finds = type.facts.labels.map { .only(Set($0)) } ?? .any }
    return interface
  }

  var files: [FileUse] { [.reads(plugin.file, as: "the plugin of '\(context.id)'")] }
}

extension StageRegistry {
  /// The same with the stage types of plugins: those in the usual folders, and those that pipeline files name.
  package func withPlugins(_ folders: PluginFolders = PluginFolders()) -> StageRegistry {
    var registry = self
    let stages = PluginStages(self, folders: folders)
    for descriptor in stages.stages(at: []).descriptors { registry.register(descriptor) }
    registry.finder = stages
    return registry
  }
}

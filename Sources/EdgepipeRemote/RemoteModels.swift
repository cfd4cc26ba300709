package import Detectors
import EdgepipeCore
package import Pipeline
package import Stages

/// Models on servers of the open inference protocol, for the stages that run models.
package struct RemoteModels: RemoteInference {
  private let make: @Sendable (ServerSettings, StageContext) throws -> any InferenceServer

  /// With the two ways to a server that there are.
  package init() {
    self.init { settings, context in
      // Threads of the libraries count with the stage that needs them first.
      try context.threads.adopt(stage: context.id) {
        switch settings.way {
        case .http: try HTTPInferenceServer(settings) { context.logger.warning("\($0)") }
        case .grpc: try GRPCInferenceServer(settings)
        }
      }
    }
  }

  init(_ make: @escaping @Sendable (ServerSettings, StageContext) throws -> any InferenceServer) { self.make = make }

  package func open(
    _ request: PlacementRequest, opening local: @escaping @Sendable () throws -> any InferenceSession
  ) throws -> any InferencePlacement {
    let servers = try Self.settings(request).map { try make($0, request.context) }
    return RemotePlacement(request, servers, opening: local)
  }

  /// One for each server, checked.
  static func settings(_ request: PlacementRequest) throws(PipelineError) -> [ServerSettings] {
    let remote = request.settings, stage = request.context.id
    guard (remote.certificate == nil) == (remote.key == nil) else {
      throw PipelineError(
        "'\(stage)': a client's certificate needs its key, and a key its certificate", remedy: "give both, or neither",
        code: .invalidConfiguration)
    }
    guard let encoding = ServerSettings.Encoding(rawValue: remote.encoding) else {
      throw PipelineError(
        "'\(stage)': \(Quoted.text(remote.encoding)) is no encoding", remedy: "use auto, binary, json or jpeg",
        code: .invalidConfiguration)
    }
    var all: [ServerSettings] = []
    for text in remote.servers {
      let address = try ServerAddress(text)
      if !address.isTLS, remote.ca != nil || remote.certificate != nil || remote.serverName != nil {
        throw PipelineError(
          "'\(stage)': '\(text)' is not protected, and there are certificates for it",
          remedy: "write \(address.way == .http ? "https" : "grpcs")://", code: .invalidConfiguration)
      }
      var settings = ServerSettings(
        way: address.way, host: address.host, port: address.port, isTLS: address.isTLS,
        model: remote.model ?? request.manifest.name)
      settings.path = address.path
      (settings.ca, settings.certificate, settings.key) = (remote.ca, remote.certificate, remote.key)
      (settings.serverName, settings.token, settings.version) = (remote.serverName, remote.token, remote.version)
      (settings.encoding, settings.isCompressed) = (encoding, remote.compressed)
      settings.jpegQuality = remote.jpegQuality
      settings.isBGR = request.input.format.color == .bgr
      all.append(settings)
    }
    return all
  }
}

import EdgepipeCore

/// Things from outside the graph that stages need, such as the inference engine and the model store: put in by the
/// command, taken out by type.
public struct StageServices: Sendable {
  private var services: [ObjectIdentifier: any Sendable] = [:]

  public init() {}

  public mutating func provide<Service: Sendable>(_ service: Service, as type: Service.Type = Service.self) {
    services[ObjectIdentifier(type)] = service
  }

  public func find<Service: Sendable>(_ type: Service.Type) -> Service? {
    services[ObjectIdentifier(type)] as? Service
  }
}

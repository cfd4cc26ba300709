import Hummingbird
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import Monitoring

@Suite("Limits on connections")
struct ConnectionGuardTests {
  /// One connection on a clock that the test turns.
  private final class Connection {
    let channel: EmbeddedChannel
    let loop = EmbeddedEventLoop()

    init(
      _ table: ConnectionTable = ConnectionTable(limit: 9), _ limits: ConnectionLimits = ConnectionLimits(),
      holdsWrites: Bool = false
    ) throws {
      let handlers: [any ChannelHandler] = holdsWrites ? [WriteHolder()] : []
      channel = EmbeddedChannel(
        handlers: handlers + [ConnectionGuard(limits: limits, table: table)], loop: loop)
      try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    deinit { _ = try? channel.finish() }

    func ask(_ fields: HTTPFields = [:], ends: Bool = true) throws {
      let head = HTTPRequest(method: .get, scheme: "http", authority: "localhost", path: "/", headerFields: fields)
      try channel.writeInbound(HTTPRequestPart.head(head))
      if ends { try channel.writeInbound(HTTPRequestPart.end(nil)) }
    }

    func answer() throws {
      try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok)))
      try channel.writeOutbound(HTTPResponsePart.end(nil))
    }

    /// The status codes that have gone out since the last call.
    func statuses() throws -> [Int] {
      var codes: [Int] = []
      while let part = try channel.readOutbound(as: HTTPResponsePart.self) {
        if case .head(let head) = part { codes.append(head.status.code) }
      }
      return codes
    }

    func requests() throws -> Int {
      var count = 0
      while let part = try channel.readInbound(as: HTTPRequestPart.self) { if case .head = part { count += 1 } }
      return count
    }
  }

  /// A client that takes nothing: writes neither succeed nor fail.
  private final class WriteHolder: ChannelOutboundHandler {
    typealias OutboundIn = HTTPResponsePart
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
      context.channel.closeFuture.whenComplete { _ in promise?.fail(ChannelError.ioOnClosedChannel) }
    }
  }

  @Test("given no request, when five seconds have passed and not before, then 408 and the end")
  func silent() throws {
    let connection = try Connection()
    connection.loop.advanceTime(by: .milliseconds(4999))
    #expect(connection.channel.isActive)
    connection.loop.advanceTime(by: .milliseconds(1))
    #expect(try connection.statuses() == [408])
    #expect(!connection.channel.isActive)
  }

  @Test("given answered requests, when the pauses are short, then the connection stays; after 75 s it ends")
  func keptAlive() throws {
    let connection = try Connection()
    for _ in 0..<5 {
      try connection.ask()
      try connection.answer()
      #expect(try connection.statuses() == [200])
      connection.loop.advanceTime(by: .seconds(74))
      #expect(connection.channel.isActive)
    }
    connection.loop.advanceTime(by: .seconds(1))
    #expect(!connection.channel.isActive)
    #expect(try connection.statuses() == [])
    #expect(try connection.requests() == 5)
  }

  @Test("given a request, when its response is not taken within ten seconds, then the connection ends")
  func response() throws {
    let connection = try Connection(holdsWrites: true)
    connection.loop.advanceTime(by: .seconds(4))
    try connection.ask()
    connection.loop.advanceTime(by: .seconds(5))
    #expect(throws: Never.self) { connection.channel.write(HTTPResponsePart.end(nil), promise: nil) }
    connection.loop.advanceTime(by: .milliseconds(4999))
    #expect(connection.channel.isActive)
    connection.loop.advanceTime(by: .milliseconds(1))
    #expect(!connection.channel.isActive)
  }

  @Test("given two requests at once, when the first is answered, then the second has its own ten seconds")
  func pipelined() throws {
    let connection = try Connection()
    try connection.ask()
    try connection.ask()
    connection.loop.advanceTime(by: .seconds(9))
    try connection.answer()
    connection.loop.advanceTime(by: .seconds(9))
    #expect(connection.channel.isActive)
    try connection.answer()
    connection.loop.advanceTime(by: .seconds(74))
    #expect(connection.channel.isActive)
  }

  @Test("given a request that announces a body, when it comes, then 413 and the server never sees it")
  func body() throws {
    for fields: HTTPFields in [[.contentLength: "1"], [.contentLength: "x"], [.transferEncoding: "chunked"]] {
      let connection = try Connection()
      try connection.ask(fields)
      #expect(try connection.statuses() == [413])
      #expect(try connection.requests() == 0)
    }
    let empty = try Connection()
    try empty.ask([.contentLength: "0"])
    #expect(try empty.requests() == 1)
  }

  @Test("given all places taken, when one more comes, then the one that has been silent for longest goes")
  func room() throws {
    let table = ConnectionTable(limit: 3)
    let connections = try (0..<3).map { _ in try Connection(table) }
    // The first one asks and is answered: now the second has been silent for longest.
    try connections[0].ask()
    try connections[0].answer()
    let fourth = try Connection(table)
    #expect(connections.map(\.channel.isActive) == [true, false, true])
    #expect(try connections[1].statuses() == [408])
    #expect(fourth.channel.isActive)
    #expect(table.count == 3)
  }

  @Test("given a request whose body does not come, when ten seconds have passed and not before, then 408 and the end")
  func slowBody() throws {
    var limits = ConnectionLimits()
    limits.bodyBytes = 100
    let connection = try Connection(ConnectionTable(limit: 10), limits)
    try connection.ask([.contentLength: "9"], ends: false)
    for _ in 0..<9 {
      connection.loop.advanceTime(by: .seconds(1))
      try connection.channel.writeInbound(HTTPRequestPart.body(ByteBuffer(string: "x")))
    }
    connection.loop.advanceTime(by: .milliseconds(999))
    #expect(connection.channel.isActive)
    connection.loop.advanceTime(by: .milliseconds(1))
    #expect(try connection.statuses() == [408])
    #expect(!connection.channel.isActive)
  }

  @Test("given all places taken by requests that have not ended, when one more comes, then the first of them goes")
  func unfinishedMakeRoom() throws {
    let table = ConnectionTable(limit: 2)
    var limits = ConnectionLimits()
    limits.bodyBytes = 100
    let connections = try (0..<2).map { _ in try Connection(table, limits) }
    for connection in connections { try connection.ask([.contentLength: "9"], ends: false) }
    let third = try Connection(table, limits)
    #expect(connections.map(\.channel.isActive) == [false, true] && third.channel.isActive)
    #expect(try connections[0].statuses() == [408])
  }

  @Test("given all places taken by requests at work, when one more comes, then it is refused")
  func noRoom() throws {
    let table = ConnectionTable(limit: 2)
    let connections = try (0..<2).map { _ in try Connection(table) }
    for connection in connections { try connection.ask() }
    let third = try Connection(table)
    #expect(try third.statuses() == [503])
    #expect(!third.channel.isActive)
    for connection in connections {
      try connection.answer()
      #expect(try connection.statuses() == [200])
    }
    #expect(table.count == 2)
  }
}

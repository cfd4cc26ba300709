import Glibc
import Hummingbird
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Ends connections of clients that are slow, silent or send what nobody wants.
///
/// It stands between the HTTP codec and the server, and sees whole parts of requests and responses: bytes of a head
/// that drip in one by one do not count as progress.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// Asks the connection to end, since another one needs the room.
  struct MakeRoom {}

  typealias Limits = ConnectionLimits

  private enum State: Equatable {
    /// `answered`: an earlier request was.
    case waiting(answered: Bool)
    /// So many responses are owed.
    case answering(Int)
    /// What still comes is not read.
    case leaving
  }

  private let limits: Limits
  private let table: ConnectionTable
  private let onRefusal: @Sendable (_ status: Int) -> Void
  private var state = State.waiting(answered: false)
  private var timer: Scheduled<Void>?
  /// Of the request that comes in.
  private var bodyBytes = 0
  /// A request has begun and has not ended.
  private var isReading = false
  /// What came was no HTTP: its connection ends with the response.
  private var isBroken = false

  init(limits: Limits, table: ConnectionTable, onRefusal: @escaping @Sendable (_ status: Int) -> Void = { _ in }) {
    self.limits = limits
    self.table = table
    self.onRefusal = onRefusal
  }

  // MARK: The connection

  func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { begin(context) }
  }

  func channelActive(context: ChannelHandlerContext) {
    begin(context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    table.close(context.channel)
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

  private func begin(_ context: ChannelHandlerContext) {
    if timer != nil { return }
    setTimer(limits.head, context)
    if let bytes = limits.unsentBytes {
      let option = ChannelOptions.tcpOption(NIOBSDSocket.Option(rawValue: TCP_NOTSENT_LOWAT))
      _ = context.channel.setOption(option, value: SocketOptionValue(bytes))
    }
    guard let victim = table.open(context.channel) else { return }
    if victim === context.channel {
      refuse(.serviceUnavailable, context, lingers: false)
    } else {
      victim.pipeline.fireUserInboundEventTriggered(MakeRoom())
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is MakeRoom { timeIsUp(context) } else { context.fireUserInboundEventTriggered(event) }
  }

  // MARK: What comes in

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if state == .leaving { return }
    if case .head(let request) = unwrapInboundIn(data) {
      if isTooLarge(request) { return refuse(.contentTooLarge, context, lingers: true) }
      bodyBytes = 0
      if case .answering(let owed) = state {
        state = .answering(owed + 1)
      } else {
        state = .answering(1)
        setTimer(limits.body, context)
      }
      isReading = true
    }
    if case .body(let bytes) = unwrapInboundIn(data) {
      bodyBytes += bytes.readableBytes
      if bodyBytes > limits.bodyBytes { return refuse(.contentTooLarge, context, lingers: true) }
    }
    if case .end = unwrapInboundIn(data) {
      isReading = false
      if case .answering = state {
        // Until now it made room for others, like one that says nothing.
        table.note(context.channel, isWaiting: false)
        setTimer(limits.answer, context)
      }
    }
    context.fireChannelRead(data)
  }

  /// Where no request that is answered has a body, none is ever read.
  private func isTooLarge(_ request: HTTPRequest) -> Bool {
    let fields = request.headerFields
    if fields.contains(.transferEncoding) { return limits.bodyBytes == 0 }
    return fields[values: .contentLength].contains { (Int($0) ?? .max) > limits.bodyBytes }
  }

  /// What comes after a refusal stays where it is: the client's system stops to send when its buffers are full.
  func read(context: ChannelHandlerContext) {
    if state != .leaving { context.read() }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // The codec refuses it by itself, once.
    if !isBroken, error is HTTPParserError { onRefusal(HTTPResponse.Status.badRequest.code) }
    isBroken = true
    context.fireErrorCaught(error)
  }

  // MARK: What goes out

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    // The response of a refused request is written here, not by the server.
    if state == .leaving {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    let part = unwrapOutboundIn(data)
    if case .head = part { return context.write(data, promise: promise) }
    let written = promise ?? context.eventLoop.makePromise()
    context.write(data, promise: written)
    let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    written.futureResult.whenSuccess {
      let (handler, context) = loopBound.value
      if case .end = part { handler.responseWasTaken(context) } else { handler.partWasTaken(context) }
    }
  }

  /// A response that does not end, such as one of events, may go on as long as its client takes what comes.
  private func partWasTaken(_ context: ChannelHandlerContext) {
    if case .answering = state { setTimer(limits.answer, context) }
  }

  private func responseWasTaken(_ context: ChannelHandlerContext) {
    if isBroken { return linger(context) }
    switch state {
    case .answering(let owed) where owed > 1:
      state = .answering(owed - 1)
      setTimer(limits.answer, context)
    case .answering:
      state = .waiting(answered: true)
      table.note(context.channel, isWaiting: true)
      setTimer(limits.idle, context)
    case .waiting, .leaving: break
    }
  }

  // MARK: The end

  private func setTimer(_ time: TimeAmount, _ context: ChannelHandlerContext) {
    timer?.cancel()
    let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    timer = context.eventLoop.scheduleTask(in: time) {
      let (handler, context) = loopBound.value
      handler.timeIsUp(context)
    }
  }

  private func timeIsUp(_ context: ChannelHandlerContext) {
    if state == .waiting(answered: false) || (state == .answering(1) && isReading) {
      refuse(.requestTimeout, context, lingers: false)
    } else {
      context.close(promise: nil)
    }
  }

  /// - Parameter lingers: the client is likely still sending.
  private func refuse(_ status: HTTPResponse.Status, _ context: ChannelHandlerContext, lingers: Bool) {
    onRefusal(status.code)
    let text = ByteBuffer(string: "\(status.code) \(status.reasonPhrase)\n")
    let head = HTTPResponse(
      status: status,
      headerFields: [
        .connection: "close", .contentLength: "\(text.readableBytes)", .contentType: "text/plain; charset=utf-8",
      ])
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.write(wrapOutboundOut(.body(text)), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    if lingers { linger(context) } else { context.close(promise: nil) }
  }

  /// Closing at once while the client still sends would reset the connection, and could take the response with it.
  private func linger(_ context: ChannelHandlerContext) {
    state = .leaving
    table.note(context.channel, isWaiting: true)
    context.close(mode: .output, promise: nil)
    setTimer(limits.farewell, context)
  }
}

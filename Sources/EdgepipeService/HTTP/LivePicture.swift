#if WebServer
  import EdgepipeCore
  import Foundation
  import NIOCore

  /// A picture of a stream, as its run has sent it.
  struct LivePicture: Sendable {
    let jpeg: ByteBuffer
    let frame: Int
    let capturedAt: String
    let size: String
    /// Of the camera's own picture, in whose pixels zones and boxes are.
    let sourceSize: String

    /// - Parameter members: of the run's message; nil where it is no picture.
    init?(_ members: [String: ReportValue]) {
      guard case .string(let text)? = members["jpeg"], let data = Data(base64Encoded: text) else { return nil }
      func number(_ key: String) -> Int { if case .int(let value)? = members[key] { value } else { 0 } }
      jpeg = ByteBuffer(bytes: data)
      frame = number("frame")
      size = "\(number("width"))x\(number("height"))"
      sourceSize = "\(number("source_width"))x\(number("source_height"))"
      if case .string(let time)? = members["captured_at"] { capturedAt = time } else { capturedAt = "" }
    }

    /// A part of a multipart body.
    ///
    /// - Parameter fields: more of its head, each line with its end.
    func part(_ fields: String = "") -> ByteBuffer {
      Self.part("Content-Type: image/jpeg\r\nContent-Length: \(jpeg.readableBytes)\r\n" + fields, jpeg)
    }

    static func part(_ head: String, _ body: ByteBuffer = ByteBuffer()) -> ByteBuffer {
      var part = ByteBuffer(string: "--edgepipe\r\n\(head)\r\n")
      part.writeImmutableBuffer(body)
      part.writeString("\r\n")
      return part
    }
  }

  /// What those hear who watch a stream.
  enum PictureNews: Sendable {
    case picture(LivePicture)
    /// Nothing has come yet.
    case waiting
    /// No more will come.
    case ended
  }
#endif

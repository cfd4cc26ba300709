/// The twelve figures of COCO's detection challenge.
package enum COCOFigure: String, Sendable, CaseIterable {
  /// Average precision: the mean over the IoU thresholds 0.50, 0.55 ... 0.95.
  case ap
  /// At the IoU threshold 0.50 alone.
  case ap50
  case ap75
  /// Of objects of less than 32 x 32, up to 96 x 96, and of more square pixels.
  case apSmall = "ap_small"
  case apMedium = "ap_medium"
  case apLarge = "ap_large"
  /// Average recall: the mean over the IoU thresholds, with at most one detection of a category in each picture.
  case ar1 = "ar_1"
  case ar10 = "ar_10"
  case ar100 = "ar_100"
  case arSmall = "ar_small"
  case arMedium = "ar_medium"
  case arLarge = "ar_large"

  /// As papers write it: `AP50`, `AR small`.
  package var title: String {
    let parts = rawValue.split(separator: "_")
    return ([parts[0].uppercased()] + parts.dropFirst().map(String.init)).joined(separator: " ")
  }

  /// Nil for the figures that are averages over all thresholds.
  var threshold: Int? {
    switch self {
    case .ap50: 0
    case .ap75: 5
    default: nil
    }
  }

  var isRecall: Bool {
    switch self {
    case .ar1, .ar10, .ar100, .arSmall, .arMedium, .arLarge: true
    default: false
    }
  }

  var scope: COCOScope {
    switch self {
    case .ap, .ap50, .ap75, .ar100: .all
    case .apSmall, .arSmall: .small
    case .apMedium, .arMedium: .medium
    case .apLarge, .arLarge: .large
    case .ar1: .first
    case .ar10: .firstTen
    }
  }
}

/// One value for each figure: of one category, or the mean over all.
package struct COCOFigures: Sendable, Hashable {
  private var values = [Double?](repeating: nil, count: COCOFigure.allCases.count)

  init() {}

  /// In 0...1; nil where there is no ground truth to compare with, for which pycocotools gives -1.
  package internal(set) subscript(figure: COCOFigure) -> Double? {
    get { values[Self.index(figure)] }
    set { values[Self.index(figure)] = newValue }
  }

  private static func index(_ figure: COCOFigure) -> Int { COCOFigure.allCases.firstIndex(of: figure) ?? 0 }
}

/// Which objects and detections an evaluation looks at.
enum COCOScope: Int, CaseIterable {
  case all, small, medium, large, first, firstTen

  /// Square pixels; both ends belong to the range.
  static let areas: [ClosedRange<Double>] = [0...1e10, 0...1024, 1024...9216, 9216...1e10]

  /// An index into `areas`.
  var area: Int {
    switch self {
    case .all, .first, .firstTen: 0
    case .small: 1
    case .medium: 2
    case .large: 3
    }
  }

  /// How many of the best detections of a category count in each picture.
  var limit: Int {
    switch self {
    case .first: 1
    case .firstTen: 10
    default: COCOEvaluation.detectionLimit
    }
  }
}

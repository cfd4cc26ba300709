import CKernels
import Foundation

/// What the kernels of `CKernels` are made for, of this processor.
///
/// Each kernel has a plain Swift reference, which runs where there is no kernel.
package enum InstructionSet: String, CaseIterable, Sendable {
  /// Nothing but Swift.
  case none
  case avx2
  /// AVX-512 with BW, VL, VNNI and VBMI.
  case avx512
  /// NEON with dot products.
  case neon

  /// Holds the kernels to a narrower set than the processor has, to compare them or to do without: a name of those above.
  package static let variable = "EDGEPIPE_INSTRUCTIONS"

  /// The best that this processor has.
  package static let ofProcessor: InstructionSet =
    switch ek_instruction_set() {
    case 1: .avx2
    case 2: .avx512
    case 3: .neon
    default: .none
    }

  /// What kernels use: ``ofProcessor``, unless the variable asks for less.
  package static let used = allowed(ofProcessor, asked: ProcessInfo.processInfo.environment[variable])

  /// The number that `CKernels` knows it by.
  package var number: Int32 {
    switch self {
    case .none: 0
    case .avx2: 1
    case .avx512: 2
    case .neon: 3
    }
  }

  /// What is used where the processor has `best` and the variable says `asked`.
  package static func allowed(_ best: InstructionSet, asked: String?) -> InstructionSet {
    guard let asked = asked.flatMap(InstructionSet.init(rawValue:)) else { return best }
    switch (asked, best) {
    case (.none, _): return .none
    case (.avx2, .avx512): return .avx2
    default: return best
    }
  }
}

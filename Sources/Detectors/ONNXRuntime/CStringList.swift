import Foundation

/// C strings that live as long as this object, in an array as C functions want them.
@safe final class CStringList {
  // SAFETY: every element comes from strdup and is freed once, in deinit.
  let pointers: UnsafeMutablePointer<UnsafePointer<CChar>?>
  let count: Int

  init(_ strings: [String]) {
    count = strings.count
    unsafe pointers = .allocate(capacity: max(1, strings.count))
    for (index, string) in strings.enumerated() {
      let copy = unsafe strdup(string)
      unsafe (pointers + index).initialize(to: UnsafePointer(copy))
    }
  }

  deinit {
    for index in 0..<count { unsafe free(UnsafeMutablePointer(mutating: pointers[index])) }
    unsafe pointers.deallocate()
  }
}

import CPlatform
import Glibc

/// The filter on a plugin's system calls (seccomp): it makes no sockets and no processes, looks into no other process, and
/// cannot change the machine.
///
/// A list of what is refused: plugins bring libraries whose calls nobody knows. A refused call fails with EPERM, so that a
/// library that only tries goes on; what is newer than the list fails as unknown (ENOSYS).
enum SystemCallFilter {
  /// - Returns: false where the kernel has no filters.
  static func install(_ policy: SandboxPolicy) -> Bool {
    let program = program(policy, process: getpid())
    // SAFETY: the kernel copies the instructions during the call.
    return unsafe program.withUnsafeBufferPointer { unsafe ep_filter_calls($0.baseAddress, UInt16($0.count)) } == 0
  }

  // Offsets in the kernel's struct seccomp_data.
  private static let number: UInt32 = 0
  private static let architecture: UInt32 = 4
  private static func argument(_ index: UInt32) -> UInt32 { 16 + 8 * index }

  // BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_JEQ / BPF_JGT / BPF_JSET | BPF_K, BPF_RET | BPF_K.
  private static let load: UInt16 = 0x20
  private static let isEqual: UInt16 = 0x15
  private static let isGreater: UInt16 = 0x25
  private static let hasBits: UInt16 = 0x45
  private static let answer: UInt16 = 0x06

  private static let allow: UInt32 = 0x7FFF_0000
  private static let kill: UInt32 = 0x8000_0000
  private static func refuse(_ code: Int32) -> UInt32 { 0x0005_0000 | UInt32(code) }

  private static func instruction(_ code: UInt16, _ value: UInt32, then: UInt8 = 0, otherwise: UInt8 = 0) -> UInt64 {
    UInt64(code) | UInt64(then) << 16 | UInt64(otherwise) << 24 | UInt64(value) << 32
  }

  /// As bytes of the kernel's struct sock_filter in a whole number each.
  static func program(_ policy: SandboxPolicy, process: pid_t) -> [UInt64] {
    let own = UInt32(bitPattern: process)
    var lines = [
      instruction(load, architecture), instruction(isEqual, nativeArchitecture, then: 1),
      instruction(answer, kill), instruction(load, number),
      // The newest call that the list below knows of; calls of the x32 interface are above it as well.
      instruction(isGreater, 470, otherwise: 1), instruction(answer, refuse(ENOSYS)),
    ]
    func refuseCall(_ call: Int, _ code: Int32 = EPERM) {
      lines += [instruction(isEqual, UInt32(call), otherwise: 1), instruction(answer, refuse(code))]
    }
    /// `checks` see the call's argument; the last of them falls through to the refusal.
    func check(_ call: Int, argument index: UInt32, _ checks: [UInt64]) {
      lines += [
        instruction(isEqual, UInt32(call), otherwise: UInt8(checks.count + 3)), instruction(load, argument(index)),
      ]
      lines += checks + [instruction(answer, refuse(EPERM)), instruction(answer, allow)]
    }
    for call in refusedCalls { refuseCall(call) }
    if !policy.mayBecomeProgram { for call in [Int(SYS_execve), Int(SYS_execveat)] { refuseCall(call) } }
    // Its arguments lie in memory, where no filter can see them; libraries then use the older call.
    refuseCall(435, ENOSYS)
    // Threads only.
    check(Int(SYS_clone), argument: 0, [instruction(hasBits, 0x10000, then: 1)])
    check(Int(SYS_kill), argument: 0, [instruction(isEqual, own, then: 1)])
    check(Int(SYS_tgkill), argument: 0, [instruction(isEqual, own, then: 1)])
    // PR_SET_PDEATHSIG (1): it does not outlive the pipeline.
    check(Int(SYS_prctl), argument: 0, [instruction(isEqual, 1, otherwise: 1)])
    // TIOCSTI, TIOCLINUX: no typing into the user's terminal.
    check(
      Int(SYS_ioctl), argument: 1, [instruction(isEqual, 0x5412, then: 1), instruction(isEqual, 0x541C, otherwise: 1)])
    if policy.allowsNetwork {
      check(
        Int(SYS_socket), argument: 0,
        [instruction(isEqual, UInt32(AF_INET), then: 2), instruction(isEqual, UInt32(AF_INET6), then: 1)])
    } else {
      refuseCall(Int(SYS_socket))
    }
    return lines + [instruction(answer, allow)]
  }

  #if arch(x86_64)
    private static let nativeArchitecture: UInt32 = 0xC000_003E
    private static let olderCalls = [
      SYS_fork, SYS_vfork, SYS_iopl, SYS_ioperm, SYS_modify_ldt, SYS_ustat, SYS_uselib, SYS__sysctl,
    ].map { Int($0) }
  #else
    private static let nativeArchitecture: UInt32 = 0xC000_00B7
    private static let olderCalls: [Int] = []
  #endif

  private static let refusedCalls =
    olderCalls
    + [
      // Other processes.
      SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_tkill, SYS_rt_sigqueueinfo,
      SYS_rt_tgsigqueueinfo, SYS_setsid, SYS_setpgid, SYS_setpriority,
      // What stays when the process has gone.
      SYS_shmget, SYS_shmat, SYS_msgget, SYS_semget, SYS_mq_open, SYS_add_key, SYS_request_key, SYS_keyctl,
      // The machine.
      SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_unshare, SYS_setns, SYS_bpf, SYS_perf_event_open,
      SYS_userfaultfd, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_reboot, SYS_swapon,
      SYS_swapoff, SYS_acct, SYS_quotactl, SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime,
      SYS_sethostname, SYS_setdomainname, SYS_syslog, SYS_vhangup, SYS_personality, SYS_open_by_handle_at,
      SYS_name_to_handle_at, SYS_lookup_dcookie, SYS_fanotify_init, SYS_nfsservctl, SYS_migrate_pages, SYS_move_pages,
    ].map { Int($0) }
    + [
      // Numbers that all architectures share: pidfd_send_signal, io_uring_setup, io_uring_enter, io_uring_register,
      // open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, pidfd_open, pidfd_getfd, process_madvise, mount_setattr,
      // quotactl_fd, process_mrelease, memfd_secret.
      424, 425, 426, 427, 428, 429, 430, 431, 432, 433, 434, 438, 440, 442, 443, 447, 448,
    ]
}

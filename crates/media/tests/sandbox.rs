//! What a process that is locked in can no longer do. A test of its own program: the threads stay locked in.

use std::io::ErrorKind;
use std::net::UdpSocket;
use std::process::Command;

use stimme_media::sandbox;

#[test]
fn who_is_locked_in_relays_and_records_but_starts_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let parent = rustix::process::getppid().expect("a parent");
    rustix::process::test_kill_process(parent).expect("it could be signalled before");
    let locked = std::thread::spawn(move || {
        sandbox::enter().expect("a kernel with seccomp");
        let refused = Command::new("/bin/true").spawn().expect_err("no program").kind();
        assert_eq!(refused, ErrorKind::Unsupported);
        let raw =
            rustix::net::socket(rustix::net::AddressFamily::NETLINK, rustix::net::SocketType::RAW, None);
        assert_eq!(raw.expect_err("no such socket"), rustix::io::Errno::NOSYS);
        let signalled = rustix::process::test_kill_process(parent);
        assert_eq!(signalled, Err(rustix::io::Errno::NOSYS));
        let capabilities = rustix::thread::capabilities(None);
        assert!(capabilities.is_err() || capabilities.is_ok_and(|sets| sets.permitted.is_empty()));

        let socket = UdpSocket::bind("127.0.0.1:0").expect("UDP");
        socket.send_to(b"x", socket.local_addr().expect("bound")).expect("sent");
        std::fs::write(folder.path().join("a.part"), "sound").expect("a file");
        std::fs::rename(folder.path().join("a.part"), folder.path().join("a")).expect("its name");
        std::thread::spawn(|| 7).join().expect("a thread")
    });
    assert_eq!(locked.join().expect("nothing failed"), 7);
    assert!(Command::new("/bin/true").status().expect("this thread is free").success());
}

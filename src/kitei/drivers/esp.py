"""Does this kernel do ESP (RFC 4303) itself? If not, strongSwan does it in user space."""

from kitei.network import Host

_BOOT = "/proc/sys/kernel/random/boot_id"
_TRIAL = ("src", "127.0.0.9", "dst", "127.0.0.9", "proto", "esp", "spi", "0x6b746569")


def has_kernel_esp(host: Host) -> bool:
    """Found out by adding an association and taking it away again; remembered until the next boot."""
    memory, boot = host.state("kernel-esp"), host.read(_BOOT) or ""
    known = (host.read(memory) or "").split()
    if known[:1] == boot.split():
        return known[1:] == ["yes"]
    nobodys_key = "0x" + "00" * 36
    cipher = ("mode", "tunnel", "aead", "rfc4106(gcm(aes))", nobodys_key, "128")
    added = host.run(["ip", "xfrm", "state", "add", *_TRIAL, *cipher]).code == 0
    if added:
        host.run(["ip", "xfrm", "state", "delete", *_TRIAL])
    host.write(memory, f"{boot.strip()} {'yes' if added else 'no'}\n")
    return added

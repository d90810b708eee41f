/* Linked into the static binary by deploy/static-binary.
 *
 * A static glibc looks names up in files and DNS by itself. For anything else that /etc/nsswitch.conf names (mdns4_minimal,
 * resolve, systemd) it loads the host's module, and with it the host's glibc, of another version: the process dies. So
 * these lookups are said here, before main, and /etc/nsswitch.conf is not asked. docs/decisions/0024 has what was tried.
 */
#include <nss.h>

__attribute__((constructor)) static void look_up_in_files_and_dns_only(void)
{
    __nss_configure_lookup("hosts", "files dns");
    /* The home folder, where HOME is not set. */
    __nss_configure_lookup("passwd", "files");
    __nss_configure_lookup("group", "files");
}

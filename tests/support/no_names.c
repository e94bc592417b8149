/* What a dead name server does to a program: for LD_PRELOAD. While the file that SAFER_NO_NAMES names is there, getaddrinfo()
 * says with another, "<file>.asked", that it was asked, and does not come back. Addresses in digits are asked of nobody. */
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef int (*asker)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	const char *mark = getenv("SAFER_NO_NAMES");
	asker ask = NULL;
	char asked[4096];

	*(void **)&ask = dlsym(RTLD_NEXT, "getaddrinfo");
	if (mark && hints && !(hints->ai_flags & AI_NUMERICHOST) && access(mark, F_OK) == 0) {
		(void)snprintf(asked, sizeof(asked), "%s.asked", mark);
		close(open(asked, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		while (access(mark, F_OK) == 0) {
			(void)poll(NULL, 0, 20);
		}
	}
	return ask(host, service, hints, out);
}

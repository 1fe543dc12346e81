#define _GNU_SOURCE
#include "CLinux.h"

#include <sched.h>

int hilo_unshare_user_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

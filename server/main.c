/* The server's program. Everything is in command.c and behind it, where tests can reach it. */
#include "server/command.h"

int main(int argc, char **argv)
{
	return command_main(argc, argv);
}

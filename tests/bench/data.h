/* What the data set of the measurements looks like, for the program that writes it and the one that asks for it.
 *
 * Fifty partnerships on one server, each with a directory of its own, ten adopted priorities and a plan of two
 * thousand actions of twelve fields; one million journal entries in all, each made by the engine itself. */
#ifndef SAFER_TESTS_BENCH_DATA_H
#define SAFER_TESTS_BENCH_DATA_H

#define DATA_PARTNERSHIPS 50
#define DATA_ACTIONS      2000  /* of each partnership */
#define DATA_EDITS        20000 /* journal entries of each partnership that edit one action */
#define DATA_OFFICERS     16    /* of each; the odd ones act for the police, the even ones for the council */
#define DATA_SCRUTINY     4     /* of each; they see the actions without resources and risks */
#define DATA_TEXT         80    /* bytes of the text that an edit sets */

/* Devices, as "<folder>/devices/<partnership>-<person>.pem", certificate and key: the first partnership has one for
 * each officer (0 to 15) and each scrutiny member (16 to 19), the others for 0 and 16. */
#define DATA_DEVICES     "devices"
#define DATA_DEVICE_PATH "%s/" DATA_DEVICES "/%d-%d.pem"

/* Made last, so that a folder that has it is whole. */
#define DATA_COMPLETE "complete"

#endif

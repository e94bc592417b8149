/* What a server answers, as the client takes it: replies, errors and notices of a server that may send anything. The
 * first byte says how they are shown. */
#include "client/json.h"
#include "client/record.h"
#include "protocol/message.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/client_every_type.h"

#include <string.h>

static FILE *nowhere(void)
{
	static FILE *file;

	if (!file) {
		file = fopen("/dev/null", "we");
		fuzz_require(file != NULL);
	}
	return file;
}

static void show(struct client *client, const msgpack_object *result)
{
	const msgpack_object *record = codec_get(result, "record");
	const msgpack_object *records = codec_get(result, "records");
	const msgpack_object *titles = codec_get(result, "titles");
	struct error err = ERROR_INIT;

	json_print_object(result, &client->output, &err);
	record = record ? record : result;
	record_print(client, every_action, record, titles, &err);
	json_decref(json_of_record(every_action, record));
	json_decref(json_of_fields(every_action, codec_get(record, "fields")));
	record_when(client, record, true);
	for (size_t i = 0; i < list_size(records); i++) {
		record_print(client, every_action, list_item(records, i), titles, &err);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	struct client client;
	struct message message;
	struct error err = ERROR_INIT;

	memset(&client, 0, sizeof(client));
	memset(&message, 0, sizeof(message));
	client.arena = fuzz_arena();
	client.schema = &every_schema;
	client.kind = every_action;
	client.output.mode = (enum output_mode)(fuzz_byte(&input) % (OUTPUT_PLAIN + 1));
	client.output.file = nowhere();
	client.output.columns = 60;
	if (message_decode(client.arena, (struct span){input.data, input.size}, &message, &err) ==
	    STATUS_OK) {
		if (message.type == MESSAGE_REPLY && message.error) {
			message_read_error(message.error, &err);
			fuzz_require(err.status != STATUS_OK);
			show(&client, codec_get(message.error, "details"));
		} else {
			show(&client, message.type == MESSAGE_REPLY ? message.result : message.params);
		}
	}
	arena_free(client.arena);
	return 0;
}

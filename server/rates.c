/* Buckets in sets of four. Where a key's set is depends on a number drawn at start, so nobody outside can tell which
 * keys share one. */
#include "server/rates.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SETS 1024
#define WAYS 4

struct bucket {
	uint64_t key;      /* hashed; 0: never used */
	int64_t filled_ms; /* of the monotonic clock */
	int64_t level;     /* what is in it, times the period: whole numbers all the way */
};

struct rates {
	uint64_t seed;
	struct bucket buckets[SETS][WAYS];
};

struct rates *rates_new(void)
{
	struct rates *rates = calloc(1, sizeof(*rates));

	if (rates && getrandom(&rates->seed, sizeof(rates->seed), 0) != (ssize_t)sizeof(rates->seed)) {
		rates->seed = (uint64_t)(uintptr_t)rates; /* early in a boot: better than nothing */
	}
	return rates;
}

void rates_free(struct rates *rates)
{
	free(rates);
}

static uint64_t mix(uint64_t hash)
{
	hash ^= hash >> 32;
	hash *= UINT64_C(0xd6e8feb86659fd93);
	hash ^= hash >> 32;
	hash *= UINT64_C(0xd6e8feb86659fd93);
	return hash ^ hash >> 32;
}

static uint64_t hash_of(const struct rates *rates, const void *key, size_t length)
{
	const uint8_t *bytes = key;
	uint64_t hash = mix(rates->seed ^ length);

	for (size_t at = 0; at < length; at += sizeof(uint64_t)) {
		size_t rest = length - at < sizeof(uint64_t) ? length - at : sizeof(uint64_t);
		uint64_t word = 0;

		memcpy(&word, bytes + at, rest);
		hash = mix(hash ^ word);
	}
	return hash != 0 ? hash : 1;
}

static int64_t level_at(const struct bucket *bucket, struct rate rate, int64_t now_ms)
{
	int64_t full = rate.burst * rate.period_ms;
	int64_t passed = now_ms - bucket->filled_ms;

	if (bucket->key == 0 || passed > full / rate.count) {
		return full;
	}
	if (passed > 0 && bucket->level + passed * rate.count < full) {
		return bucket->level + passed * rate.count;
	}
	return passed > 0 ? full : bucket->level;
}

static struct bucket *bucket_of(struct rates *rates, uint64_t hash, struct rate rate, int64_t now_ms)
{
	struct bucket *set = rates->buckets[hash % SETS];
	struct bucket *fullest = &set[0];

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].key == hash) {
			return &set[i];
		}
		if (level_at(&set[i], rate, now_ms) > level_at(fullest, rate, now_ms)) {
			fullest = &set[i];
		}
	}
	*fullest = (struct bucket){.key = hash, .filled_ms = now_ms, .level = rate.burst * rate.period_ms};
	return fullest;
}

bool rates_take(struct rates *rates, const void *key, size_t length, struct rate rate, int64_t now_ms)
{
	struct bucket *bucket = bucket_of(rates, hash_of(rates, key, length), rate, now_ms);

	bucket->level = level_at(bucket, rate, now_ms);
	bucket->filled_ms = now_ms;
	if (bucket->level < rate.period_ms) {
		return false;
	}
	bucket->level -= rate.period_ms;
	return true;
}

package bench

import "time"

// Histogram counts durations in buckets that are never wider than 1/128 of what they hold, as HdrHistogram does: what
// it says of a duration is less than one in a hundred too much. The zero value is empty. It is not safe for concurrent
// use.
type Histogram struct {
	counts []uint64
	total  uint64
	sum    float64
	max    time.Duration
}

// precisionBits is the logarithm of the number of buckets for each power of two.
const precisionBits = 7

// bucketOf returns the place of a duration. Below 1<<precisionBits each value has a bucket of its own.
func bucketOf(d time.Duration) int {
	shift := 0
	for d>>shift >= 2<<precisionBits {
		shift++
	}
	return shift<<precisionBits + int(d>>shift)
}

// longest returns the longest duration that belongs into a bucket.
func longest(bucket int) time.Duration {
	shift := max(bucket>>precisionBits-1, 0)
	return time.Duration(bucket-shift<<precisionBits+1)<<shift - 1
}

// Add counts a duration. One below zero counts as zero.
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	bucket := bucketOf(d)
	if bucket >= len(h.counts) {
		h.counts = append(h.counts, make([]uint64, bucket+1-len(h.counts))...)
	}
	h.counts[bucket]++
	h.total++
	h.sum += float64(d)
	h.max = max(h.max, d)
}

// Merge adds what another histogram has counted.
func (h *Histogram) Merge(other *Histogram) {
	if len(other.counts) > len(h.counts) {
		h.counts = append(h.counts, make([]uint64, len(other.counts)-len(h.counts))...)
	}
	for bucket, count := range other.counts {
		h.counts[bucket] += count
	}
	h.total += other.total
	h.sum += other.sum
	h.max = max(h.max, other.max)
}

// Count is how many durations were added.
func (h *Histogram) Count() uint64 { return h.total }

// Mean is their mean, 0 for none.
func (h *Histogram) Mean() time.Duration {
	if h.total == 0 {
		return 0
	}
	return time.Duration(h.sum / float64(h.total))
}

// Max is the longest of them, exactly, 0 for none.
func (h *Histogram) Max() time.Duration { return h.max }

// Percentile returns a duration that share of them, from 0 to 100, do not exceed; 0 for none.
func (h *Histogram) Percentile(share float64) time.Duration {
	wanted := max(uint64(share/100*float64(h.total)+0.5), 1)
	var seen uint64
	for bucket, count := range h.counts {
		if seen += count; seen >= wanted {
			return min(longest(bucket), h.max)
		}
	}
	return h.max
}

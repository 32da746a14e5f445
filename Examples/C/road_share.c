/* road_share SOURCE [FRAMES]: how much of each frame is road, from a camera, a folder or the synthetic road.
 *
 *     cc road_share.c $(pkg-config --cflags --libs roadseg) -o road_share && ./road_share synthetic 10 */
#include <roadseg.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(void) {
  fprintf(stderr, "road_share: %s\n", roadseg_last_error());
  return 1;
}

int main(int count, char **arguments) {
  roadseg_source *source;
  if (roadseg_source_open(count > 1 ? arguments[1] : NULL, NULL, &source) != ROADSEG_OK) return fail();
  roadseg_source_properties properties = {.size = sizeof properties};
  roadseg_source_describe(source, &properties);

  roadseg_segmenter *segmenter;
  roadseg_options options = ROADSEG_OPTIONS(properties.width, properties.height, properties.format);
  if (roadseg_open(NULL, &options, &segmenter) != ROADSEG_OK) return fail();

  size_t pixels = (size_t)properties.width * (size_t)properties.height;
  roadseg_output output = {.size = sizeof output, .classes = malloc(pixels)};
  roadseg_timings timings = {.size = sizeof timings};
  roadseg_frame frame = {.size = sizeof frame};
  for (long shown = 0, wanted = count > 2 ? atol(arguments[2]) : 100; shown < wanted;) {
    roadseg_status status = roadseg_source_read(source, 1000, &frame);
    if (status == ROADSEG_ENDED) break;
    if (status == ROADSEG_OK) status = roadseg_segment(segmenter, &frame, &output, &timings);
    if (status != ROADSEG_OK) {
      fail(); /* This frame only: a camera goes on. */
      continue;
    }
    printf("frame %llu: %.1f %% road, %.1f ms\n", (unsigned long long)frame.sequence,
           100.0 * (double)timings.road_pixels / (double)pixels, (double)timings.network / 1e6);
    shown++;
  }
  free(output.classes);
  roadseg_close(segmenter);
  roadseg_source_close(source);
}

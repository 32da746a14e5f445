/* grey_bytes FILE.png: the grey values on standard output, by libpng's own reader. */
#include <png.h>
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **arguments) {
  png_image image = {.version = PNG_IMAGE_VERSION};
  if (count != 2 || !png_image_begin_read_from_file(&image, arguments[1])) return 1;
  image.format = PNG_FORMAT_GRAY;
  unsigned char *bytes = malloc(PNG_IMAGE_SIZE(image));
  if (!png_image_finish_read(&image, NULL, bytes, 0, NULL)) return 1;
  return fwrite(bytes, 1, PNG_IMAGE_SIZE(image), stdout) != PNG_IMAGE_SIZE(image);
}

import { Controller, Get, Header } from '@nestjs/common';
import { styles, STYLES_PATH } from '@strongroom/http';

@Controller()
export class StylesController {
  @Get(STYLES_PATH)
  @Header('content-type', 'text/css; charset=utf-8')
  @Header('cache-control', 'public, max-age=3600')
  get(): string {
    return styles;
  }
}

// Chinese, of the product's display and ports in a session.
import type { screen_en } from './screen_en';

export const screen_zh: Record<keyof typeof screen_en, string> = {
  'capability.screen': '查看屏幕',
  'does.screen': '查看产品的屏幕。除非产品自身的配置允许，否则只能观看。',
  'does.forward': '从您的电脑访问产品指定的端口，例如产品自带的网页。',

  'screen.title': '屏幕',
  'screen.which': '哪个屏幕？',
  'screen.show': '显示屏幕',
  'screen.hide': '停止显示',
  'screen.view_only': '仅观看',
  'screen.product_says': '产品不接受任何按键和指针操作，并由产品自身检查。',
  'screen.has_hands': '您的按键和指针会操作产品',
  'screen.take_hands': '取得控制',
  'screen.drop_hands': '只观看',
  'screen.connecting': '正在等待画面…',
  'screen.none': '该产品没有可共享的屏幕。',
  'screen.only_typist': '只有操作者能看到屏幕。画面会被录制，之后可以回放。',
  'screen.broken': '查看器无法加载，请重新加载页面。',
  'screen.password': '屏幕服务器的密码',
  'screen.give_password': '继续',
  'screen.end_done': '产品已结束画面。',
  'screen.end_closed': '',
  'screen.end_refused': '产品拒绝了查看器的请求。',
  'screen.end_failed': '与屏幕的连接中断。',
  'screen.end_limit': '该屏幕已达到一次会话允许的数据量。',
  'screen.end_lost': '连接中断。',
  'screen.recorded': '屏幕“{name}”，由 {by} 查看',

  'forward.title': '端口',
  'forward.explain': '在您的电脑上运行此命令；会话期间端口位于 127.0.0.1。它会询问您的密码。',
  'forward.none': '该产品没有指定端口。',
  'forward.copy': '复制',
};

// The page of somebody who was invited into a session by a link: no login, nothing of the console but what people share there
// (chat, help call, and the terminal to look at, if the invitation says so). The token stands behind the # of the link, which
// is never sent to the gateway by itself, and is taken out of the address at once.
import '../style/main.css';
import { render } from 'preact';
import { JoinPage } from './page';

const root = document.getElementById('app');
if (root) render(<JoinPage />, root);

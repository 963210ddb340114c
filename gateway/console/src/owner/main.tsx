// The owner's page: what an owner's phone shows about one product. Who asks, for what, why; allow a part of it for a time,
// refuse; who is connected and what they can do; stop; times allowed beforehand; what was. It has no login: the phone's key
// is enrolled on the product by the link that its installer has handed over (#device=ID&k=SECRET; what stands behind # is
// never sent to the gateway). A bundle of its own: nothing of the console is loaded here.
import '../style/owner.css';
import { render } from 'preact';
import { OwnerPage } from './page';

const root = document.getElementById('owner');
if (root) render(<OwnerPage />, root);

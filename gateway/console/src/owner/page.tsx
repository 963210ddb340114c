// Which product, and whether this phone has a key for it.
import { useEffect, useState } from 'preact/hooks';
import { all_keys, forget_key, type PhoneKey } from './keys';
import { Pair } from './pair';
import { Product } from './product';
import { from_base64url } from './statement';
import { switch_language, t } from './words';

interface Link { device: string; secret: Uint8Array<ArrayBuffer> | null }

// The secret leaves the address at once: it must not stay in the browser's history.
function take_link(): Link | null {
  const parts = new URLSearchParams(location.hash.slice(1));
  const device = parts.get('device');
  if (!device || !/^[a-z0-9][a-z0-9-]{2,62}$/.test(device)) return null;
  const text = parts.get('k');
  history.replaceState(null, '', `${location.pathname}#device=${device}`);
  try {
    const secret = text ? from_base64url(text) : null;
    return { device, secret: secret?.length === 32 ? secret : null };
  } catch {
    return { device, secret: null };
  }
}

export function OwnerPage() {
  const [link, set_link] = useState(take_link);
  const [keys, set_keys] = useState<PhoneKey[] | null>(null);
  const [is_broken, set_broken] = useState(false);
  const load = () => all_keys().then(set_keys, () => set_broken(true));
  useEffect(() => {
    void load();
    const follow = () => set_link(take_link());
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  const key = keys?.find(({ device }) => device === link?.device);
  return (
    <>
      <header>
        <h1>{t('title')}</h1>
        <button type="button" class="plain" lang={t('other_language') === 'English' ? 'en' : 'zh'} onClick={switch_language}>
          {t('other_language')}
        </button>
      </header>
      {is_broken || !globalThis.crypto?.subtle ? (
        <p role="alert">{t('pair.insecure')}</p>
      ) : keys === null ? (
        <p class="quiet">{t('loading')}</p>
      ) : key ? (
        <Product
          key={key.id}
          owner={key}
          on_forget={() => void forget_key(key.device).then(load)}
        />
      ) : link?.secret ? (
        <Pair device={link.device} secret={link.secret} on_paired={() => void load()} />
      ) : keys.length > 0 && !link ? (
        <section>
          <h2>{t('products')}</h2>
          <ul class="rows">
            {keys.map(({ device }) => (
              <li key={device}>
                <a class="big" href={`#device=${device}`}>{device}</a>
              </li>
            ))}
          </ul>
        </section>
      ) : (
        <section>
          <p>{t('none')}</p>
          <p>{t('none.how')}</p>
        </section>
      )}
    </>
  );
}
